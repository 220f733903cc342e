import { execFileSync, spawnSync } from 'node:child_process';

/** buildah without an engine, an overlay file system or a network; everything below one directory. */
export class Buildah {
  constructor(directory) {
    this.storage = ['--root', `${directory}/storage`, '--runroot', `${directory}/run`, '--storage-driver', 'vfs'];
  }

  run(...args) {
    return this.#run(['buildah', ...this.storage, ...args]);
  }

  /**
   * Builds inside a network namespace that has no interface. That is what --network none gives, which buildah refuses
   * together with chroot isolation.
   */
  buildOffline(...args) {
    return this.#run(['unshare', '--net', 'buildah', ...this.storage, 'bud', '--isolation', 'chroot', '--network', 'host', ...args]);
  }

  #run([command, ...args]) {
    const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
    if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} exited ${result.status}\n${result.stdout?.slice(-3000)}\n${result.stderr?.slice(-3000)}`);
    return result.stdout.trim();
  }

  /** An image whose one layer is a directory. */
  fromDirectory(name, directory, environment = {}) {
    const container = this.run('from', '--name', `make-${name}`, 'scratch');
    const mounted = this.run('mount', container);
    execFileSync('cp', ['-a', `${directory}/.`, mounted]);
    this.run('umount', container);
    for (const [key, value] of Object.entries(environment)) this.run('config', '--env', `${key}=${value}`, container);
    this.run('commit', '--quiet', '--rm', container, `localhost/${name}`);
    return `localhost/${name}`;
  }
}
