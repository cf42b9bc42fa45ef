import assert from 'node:assert/strict'
import { once } from 'node:events'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { ClientGoneError, readRequestBody } from '../../../gateway/http/request-body.ts'

function announced(bytes: string): IncomingMessage {
  const request = new IncomingMessage(new Socket())
  request.headers = { 'content-length': bytes }
  return request
}

test('a body is read whole', async () => {
  const request = announced('4')
  const body = readRequestBody(request)
  request.push(Buffer.from('ab'))
  request.push(Buffer.from('cd'))
  request.push(null)
  assert.equal((await body).toString(), 'abcd')
})

test('a client that leaves while its body is read, or has left before, is gone', async () => {
  const request = announced('4')
  const reading = assert.rejects(readRequestBody(request), ClientGoneError)
  request.destroy()
  await reading
  if (!request.closed) await once(request, 'close')
  await assert.rejects(readRequestBody(request), ClientGoneError)
})

test('no body is asked for where none is announced', async () => {
  assert.equal((await readRequestBody(announced('0'))).length, 0)
  assert.equal((await readRequestBody(new IncomingMessage(new Socket()))).length, 0)
})
