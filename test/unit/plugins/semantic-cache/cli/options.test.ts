import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions, UsageError } from '../../../../../plugins/semantic-cache/cli/options.ts'
import { formatReply } from '../../../../../plugins/semantic-cache/cli/table.ts'

test('turns commands into calls of the admin API', () => {
  const call = (...args: string[]) => {
    const { method, path, query } = readOptions(args, {}) ?? {}
    return `${method} ${path?.join('/')}?${query}`
  }
  assert.equal(call('stats'), 'GET stats?')
  assert.equal(
    call('list', '--older-than', '2h', '--max-similarity=0.96', '--limit', '5'),
    'GET entries?older_than=2h&max_similarity=0.96&limit=5',
  )
  assert.equal(call('inspect', 'abc'), 'GET entries/abc?')
  assert.equal(call('purge', 'abc'), 'DELETE entries/abc?')
  assert.equal(call('purge', '--scope', 'tier:a', '--model', 'm'), 'DELETE entries?scope=tier%3Aa&model=m')
  assert.equal(call('purge', '--all'), 'DELETE entries?all=true')
  assert.equal(readOptions(['--help'], {}), undefined)
})

test('refuses commands that might mean something else', () => {
  for (const args of [
    ...[[], ['purge'], ['purge', 'k', '--all'], ['purge', '--limit', '1'], ['list', '--all'], ['list', 'k']],
    ...[
      ['stats', '--model', 'm'],
      ['inspect'],
      ['delete', 'k'],
      ['list', '--formt', 'json'],
      ['purge', 'a', 'b'],
    ],
    ...[
      ['list', '--format', 'xml'],
      ['stats', '--timeout', '0'],
    ],
  ]) {
    assert.throws(() => readOptions(args, {}), UsageError, args.join(' '))
  }
})

test('shows no control characters of names in the terminal', () => {
  const text = formatReply({ total: 1, entries: [{ scope: 'consumer:\u001b[31mred\u202e', uses: 2 }] })
  assert.ok(!text.includes('\u001b') && !text.includes('\u202e'))
  assert.match(text, /total +1/)
  assert.match(text, /uses/)
})
