import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { FileDeadLetters } from '../../../runner/usage/dead-letters.ts'

const dir = await mkdtemp(join(tmpdir(), 'llm-dead-'))
after(() => rm(dir, { recursive: true, force: true }))

test('keeps one line for each entry, for its owner only', async () => {
  const file = join(dir, 'new', 'dead.jsonl')
  const letters = new FileDeadLetters(file, 10_000)
  await letters.keep([
    { reason: 'a', entry: { status: 1 } },
    { reason: 'b', entry: 'x' },
  ])
  await letters.keep([{ reason: 'c', entry: null }])
  const lines = (await readFile(file, 'utf8')).trim().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).reason),
    ['a', 'b', 'c'],
  )
  assert.equal((await stat(file)).mode & 0o777, 0o600)
})

test('stops at its bound and keeps what still fits', async () => {
  const file = join(dir, 'full.jsonl')
  const letters = new FileDeadLetters(file, 100)
  const one = { reason: 'r', entry: '€'.repeat(8) }
  for (let i = 0; i < 5; i++) await letters.keep([one, one])
  const { size } = await stat(file)
  assert.ok(size > 0 && size <= 100)
})
