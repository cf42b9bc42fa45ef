import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lexicalVector } from '../../../../../plugins/semantic-cache/embed/lexical.ts'
import { MemoryEmbedder } from '../../../../../plugins/semantic-cache/embed/memory.ts'

const signal = new AbortController().signal

function rig(maxEntries: number) {
  const asked: string[][] = []
  const inner = {
    identity: 'fake-384',
    dimensions: 384,
    async embed(texts: readonly string[]) {
      asked.push([...texts])
      return texts.map((text) => lexicalVector(text))
    },
  }
  return { asked, memory: new MemoryEmbedder(inner, maxEntries) }
}

test('asks for each text once, and keeps the order of the texts', async () => {
  const { asked, memory } = rig(10)
  await memory.embed(['b'], signal)
  const vectors = await memory.embed(['a', 'b', 'a', 'c'], signal)
  assert.deepEqual(asked, [['b'], ['a', 'c']])
  assert.deepEqual(
    vectors,
    ['a', 'b', 'a', 'c'].map((text) => lexicalVector(text)),
  )
})

test('forgets the text unused for longest', async () => {
  const { asked, memory } = rig(2)
  await memory.embed(['a', 'b'], signal)
  await memory.embed(['a'], signal)
  await memory.embed(['c'], signal)
  await memory.embed(['a'], signal)
  await memory.embed(['b'], signal)
  assert.deepEqual(asked, [['a', 'b'], ['c'], ['b']])
  assert.equal(memory.size, 2)
})

test('answers in full when a call holds more texts than it may keep', async () => {
  const { memory } = rig(1)
  assert.equal((await memory.embed(['a', 'b', 'c'], signal)).length, 3)
  assert.equal(memory.size, 1)
})
