import { createServer } from 'node:net'

/** What a Unix socket in Node costs by itself: sends back the bytes that it gets. */
createServer((socket) => {
  socket.on('data', (chunk) => socket.write(chunk))
  socket.on('error', () => socket.destroy())
}).listen(process.argv[2], () => process.send?.('ready'))
process.on('disconnect', () => process.exit())
