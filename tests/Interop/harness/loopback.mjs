// Listeners of our own: 127.0.0.1 and a port the kernel picks; closing drops open connections.
import net from 'node:net';
import { once } from 'node:events';

/** Listens and answers { port, close }. */
export async function listen(server) {
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A port that is free now, for a process that must be told its own address before it starts. */
export async function freePort() {
  const { port, close } = await listen(net.createServer());
  await close();
  return port;
}
