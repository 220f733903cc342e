// Preloaded into peers that we did not write: whatever they listen on becomes a free port of 127.0.0.1, which is
// reported over IPC, and they end with the process that started them.
import net from 'node:net';

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  const callback = args.findLast((arg) => typeof arg === 'function');
  this.once('listening', () => process.send?.({ port: this.address().port }));
  return listen.call(this, { host: '127.0.0.1', port: 0 }, callback);
};

process.on('disconnect', () => process.exit(0));
process.channel?.unref();
