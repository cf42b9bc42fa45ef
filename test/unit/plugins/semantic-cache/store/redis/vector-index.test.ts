import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CacheKeys } from '../../../../../../plugins/semantic-cache/store/redis/keys.ts'
import type { SearchCommands } from '../../../../../../plugins/semantic-cache/store/redis/search-commands.ts'
import { VectorIndex } from '../../../../../../plugins/semantic-cache/store/redis/vector-index.ts'
import { collectingLog, type LogLine } from '../../../../../support/rig.ts'

function rig() {
  const state = { now: 0, error: undefined as string | undefined, commands: [] as string[] }
  const send = {
    buffer: async ([name]: readonly (string | Buffer)[]) => {
      state.commands.push(String(name))
      if (state.error !== undefined) throw new Error(state.error)
      return [0]
    },
  } as unknown as SearchCommands
  const lines: LogLine[] = []
  const index = new VectorIndex(send, new CacheKeys({ prefix: '', cluster: false }, 'test'), {
    ...{ dimensions: 2, now: () => state.now, log: collectingLog(lines) },
  })
  return { state, lines, search: () => index.search('t', Buffer.alloc(8), 3, 10), index }
}

test('without RediSearch it finds nothing, says so once, and looks again after a minute', async () => {
  const { state, lines, search, index } = rig()
  state.error = "ERR unknown command 'FT.SEARCH', with args beginning with: "
  assert.deepEqual(await search(), [])
  assert.deepEqual(await search(), [])
  await index.ensure()
  assert.equal(state.commands.filter((name) => name === 'FT.SEARCH').length, 1)
  state.now = 60_000
  await search()
  assert.equal(state.commands.filter((name) => name === 'FT.SEARCH').length, 2)
  assert.equal(lines.length, 1)
})

test('makes the index when a search finds it missing, and takes one that is there', async () => {
  const { state, search, index } = rig()
  state.error = 'x: no such index'
  await assert.rejects(search(), /no such index/)
  assert.deepEqual(state.commands, ['FT.SEARCH', 'FT.CREATE'])
  state.error = 'Index already exists'
  await index.ensure()
})

test('passes on what it does not understand', async () => {
  const { state, search } = rig()
  state.error = 'OOM command not allowed'
  await assert.rejects(search(), /OOM/)
})
