import assert from 'node:assert/strict'
import { mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RunnerError } from '../../../runner/errors.ts'
import { createLog } from '../../../runner/services/log.ts'

const dir = await mkdtemp(join(tmpdir(), 'llm-log-'))
after(() => rm(dir, { recursive: true, force: true }))
const SECRET = 'sk-very-secret-value'

test('secrets never reach the file, at the top level or one level down', async () => {
  const file = join(dir, 'secrets.log')
  const { log, flush } = createLog({ level: 'info', file })
  for (const name of ['authorization', 'apikey', 'api_key', 'key', 'password', 'secret', 'token']) {
    log.info({ [name]: SECRET, headers: { [name]: SECRET } }, 'request')
  }
  await written(file)
  flush()
  const text = await readFile(file, 'utf8')
  assert.equal(text.trim().split('\n').length, 7)
  assert.doesNotMatch(text, new RegExp(SECRET))
  assert.match(text, /\[redacted\]/)
})

test('an error is told by code, message and causes; a stack only where nobody named it', async () => {
  const file = join(dir, 'errors.log')
  const { log, flush } = createLog({ level: 'info', file })
  const cause = new Error('disk is full')
  log.error({ err: new RunnerError('STORE_UNAVAILABLE', 'journal cannot be written', { cause }) }, 'call')
  await written(file)
  flush()
  const { err, level, pid } = JSON.parse(await readFile(file, 'utf8'))
  assert.equal(level, 'error')
  assert.equal(pid, process.pid)
  assert.equal(err.code, 'STORE_UNAVAILABLE')
  assert.equal(err.stack, undefined)
  assert.equal(err.cause.message, 'disk is full')
  assert.match(err.cause.stack, /log\.test/)
})

test('opens the file anew after a rotation', async () => {
  const file = join(dir, 'rotated.log')
  const { log, flush, reopen } = createLog({ level: 'info', file })
  log.info({}, 'before')
  await written(file)
  flush()
  await rename(file, `${file}.1`)
  reopen()
  // The new file is opened in the background too; until then lines go to the old one.
  while (((await stat(file).catch(() => undefined))?.size ?? 0) === 0) {
    log.info({}, 'after')
    await sleep(10)
  }
  flush()
  assert.match(await readFile(`${file}.1`, 'utf8'), /before/)
  assert.match(await readFile(file, 'utf8'), /after/)
})

/** The file is opened in the background; until then lines wait in memory. */
async function written(file: string): Promise<void> {
  while (((await stat(file).catch(() => undefined))?.size ?? 0) === 0) await sleep(10)
}
