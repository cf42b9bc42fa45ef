import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, type TestContext, test } from 'node:test'
import { AdminClient, AdminError } from '../../../apisix-conf/cli/admin-client.ts'
import { loadResources } from '../../../apisix-conf/cli/load-resources.ts'
import { EXIT } from '../../../apisix-conf/cli/options.ts'
import { KINDS } from '../../../apisix-conf/cli/resource.ts'
import { runCli } from '../../../apisix-conf/cli/run.ts'
import type { JsonObject } from '../../../runner/json.ts'
import { type Gateway, startGateway } from '../../gateway/gateway.ts'
import { CONF_DIR, CONF_ENV } from '../../unit/apisix-conf/conf-dir.ts'

let gateway: Gateway
let client: AdminClient
before(async () => {
  gateway = await startGateway()
  client = new AdminClient({ url: gateway.adminUrl, key: gateway.adminKey })
})
beforeEach(async () => {
  for (const kind of [...KINDS].reverse()) {
    for (const id of (await client.list(kind)).keys()) await client.delete(kind, id)
  }
})
after(() => gateway.close())

async function cli(args: readonly string[], env: Record<string, string> = {}) {
  let out = ''
  let err = ''
  const code = await runCli(args, {
    env: { ...CONF_ENV, APISIX_ADMIN_URL: gateway.adminUrl, APISIX_ADMIN_KEY: gateway.adminKey, ...env },
    confDir: CONF_DIR,
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
  })
  for (const secret of [...Object.values(CONF_ENV), gateway.adminKey]) {
    assert.equal((out + err).includes(secret), false, 'a secret was printed')
  }
  return { code, out, err }
}

test('apply brings everything in, and a second time changes nothing', async () => {
  const first = await cli(['apply'])
  assert.equal(first.code, EXIT.ok, first.err)
  assert.match(first.out, /created routes\/llm-fallback\n/)
  const second = await cli(['apply'])
  assert.match(second.out, /^0 new, 0 changed, \d+ the same\n$/)
  assert.equal((await cli(['diff'])).code, EXIT.ok)
})

test('a dry run writes nothing', async () => {
  const { code, out } = await cli(['apply', '--dry-run'])
  assert.equal(code, EXIT.ok)
  assert.match(out, /would create upstreams\/openai/)
  assert.equal((await client.list('upstreams')).size, 0)
})

test('diff shows what differs, keys only as such, and apply mends it', async () => {
  await cli(['apply'])
  const limits = (await client.get('plugin_configs', 'llm')) as { plugins: JsonObject }
  const plugins = { ...limits.plugins, 'limit-req': { rate: 1, burst: 1, key: 'consumer_name' } }
  await client.put('plugin_configs', 'llm', { plugins })
  await client.put('consumers', 'internal', {
    username: 'internal',
    plugins: { 'key-auth': { key: 'other' } },
  })
  const { code, out } = await cli(['diff'])
  assert.equal(code, EXIT.differs)
  assert.match(out, /~ \/plugins\/limit-req\/rate: 1 -> 200/)
  assert.match(out, /~ \/plugins\/key-auth\/key: "\(secret\)" -> "\(secret\)"/)
  assert.match(out, /0 new, 2 changed/)
  assert.equal((await cli(['apply'])).code, EXIT.ok)
  assert.equal((await cli(['diff'])).code, EXIT.ok)
})

test('a change of one key, price or rule touches no other object', async () => {
  await cli(['apply'])
  const { out } = await cli(['apply'], { BUSINESS_UNIT_A_KEY: 'a-new-key-of-a' })
  assert.match(out, /^updated consumers\/business_unit_A\n.*\n0 new, 1 changed/)
})

test('names choose what is applied', async () => {
  const { code } = await cli(['apply', 'upstreams/openai', 'upstreams/qwen'])
  assert.equal(code, EXIT.ok)
  assert.deepEqual([...(await client.list('upstreams')).keys()].sort(), ['openai', 'qwen'])
  assert.equal((await cli(['apply', 'upstreams/nobody'])).code, EXIT.usage)
})

test('writes nothing when a variable is missing', async () => {
  const { code, err } = await cli(['apply'], { INTERNAL_KEY: '' })
  assert.equal(code, EXIT.files)
  assert.match(
    err,
    /error: consumers\/internal\.yaml: \/plugins\/key-auth\/key: the environment has no INTERNAL_KEY/,
  )
  assert.equal((await client.list('upstreams')).size, 0)
})

test('delete wants to be sure, goes backwards, and does not mind what is gone', async () => {
  await cli(['apply'])
  assert.equal((await cli(['delete'])).code, EXIT.usage)
  assert.match((await cli(['delete', '--dry-run'])).out, /^would delete routes/)
  const { code, out } = await cli(['delete', '--yes'])
  assert.equal(code, EXIT.ok)
  assert.match(out, /deleted routes\/llm-chat-completions/)
  for (const kind of KINDS) assert.equal((await client.list(kind)).size, 0, kind)
  assert.match((await cli(['delete', '--yes'])).out, /^0 deleted, \d+ were not there/)
})

test('delete says who still uses an upstream', async () => {
  await cli(['apply'])
  const { code, err } = await cli(['delete', 'upstreams/openai', '--yes'])
  assert.equal(code, EXIT.admin)
  assert.match(err, /still using it/)
})

test('what export writes can be applied again', async (t: TestContext) => {
  await cli(['apply'])
  const dir = mkdtempSync(join(tmpdir(), 'apisix-export-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const { code, err } = await cli(['export', '--out', join(dir, 'conf')])
  assert.equal(code, EXIT.ok)
  assert.match(err, /secrets stand as .*BUSINESS_UNIT_A_KEY_AUTH_KEY/)
  const env = {
    BUSINESS_UNIT_A_KEY_AUTH_KEY: CONF_ENV.BUSINESS_UNIT_A_KEY,
    BUSINESS_UNIT_B_KEY_AUTH_KEY: CONF_ENV.BUSINESS_UNIT_B_KEY,
    INTERNAL_KEY_AUTH_KEY: CONF_ENV.INTERNAL_KEY,
    LLM_HTTP_LOGGER_AUTH_HEADER: CONF_ENV.LLM_USAGE_AUTH,
  }
  const back = await cli(['diff', '--dir', join(dir, 'conf')], env)
  assert.match(back.out, /^0 new, 0 changed/, back.err)
  assert.equal(
    (await cli(['export', '--out', join(dir, 'conf')])).code,
    EXIT.files,
    'files are not overwritten',
  )
  assert.match((await cli(['export'])).out, /# consumers\/internal\n---\nusername: internal/)
})

test('attach adds our plugins to a route that is there, and detach leaves it as it was', async () => {
  await cli(['apply'])
  const before = {
    uri: '/ai/chat',
    name: 'theirs',
    upstream_id: 'openai',
    plugins: {
      'proxy-rewrite': { uri: '/v1/chat/completions' },
      'limit-req': { rate: 1, burst: 0, key: 'remote_addr' },
    },
    labels: { team: 'search' },
  }
  await client.put('routes', 'theirs', before)
  const dry = await cli(['attach', 'theirs', '--dry-run'])
  assert.match(dry.out, /^would add to routes\/theirs: key-auth, ext-plugin-pre-req/)
  const { code, out } = await cli(['attach', 'theirs'])
  assert.equal(code, EXIT.ok)
  assert.match(out, /keeps its own instead of our limit-req/)
  const attached = (await client.get('routes', 'theirs')) as { plugins: JsonObject }
  assert.ok(attached.plugins['ext-plugin-pre-req'])
  assert.deepEqual(attached.plugins['limit-req'], before.plugins['limit-req'])
  assert.equal((await cli(['attach', 'routes/theirs'])).code, EXIT.ok, 'again')
  assert.match((await cli(['detach', 'theirs'])).out, /^took off routes\/theirs: key-auth/)
  const { id: _, create_time: __, update_time: ___, ...rest } = (await client.get('routes', 'theirs')) ?? {}
  assert.deepEqual(rest, before)
  assert.match((await cli(['detach', 'theirs'])).out, /nothing that attach added/)
})

test('attach refuses a route that has a runner of its own, and one that is not there', async () => {
  await cli(['apply'])
  const plugins = { 'ext-plugin-pre-req': { conf: [{ name: 'mine', value: '{}' }] } }
  await client.put('routes', 'busy', { uri: '/busy', upstream_id: 'openai', plugins })
  const { code, err } = await cli(['attach', 'busy'])
  assert.equal(code, EXIT.conflict)
  assert.match(err, /routes\/busy has its own ext-plugin-pre-req/)
  assert.equal((await cli(['attach', 'nowhere'])).code, EXIT.admin)
  await client.delete('routes', 'busy')
})

test('attach says which upstreams must be applied first', async () => {
  await client.put('upstreams', 'openai', { type: 'roundrobin', nodes: { 'a.local:80': 1 } })
  await client.put('routes', 'early', { uri: '/early', upstream_id: 'openai' })
  const { code, err } = await cli(['attach', 'early'])
  assert.equal(code, EXIT.admin)
  assert.match(err, /no upstreams\/\w+ yet: apply/)
})

test('says what the Admin API said, without keys', async () => {
  const wrong = await cli(['diff'], { APISIX_ADMIN_KEY: 'not-the-key' })
  assert.equal(wrong.code, EXIT.admin)
  assert.match(wrong.err, /APISIX answered 401: failed to check token: wrong apikey/)
  assert.equal(wrong.err.includes('not-the-key'), false)
  assert.equal((await cli(['diff'], { APISIX_ADMIN_KEY: '' })).code, EXIT.usage)
})

async function fakeAdmin(
  t: TestContext,
  answer: (n: number) => { status: number; body?: string; delayMs?: number },
) {
  let calls = 0
  const server = createServer((_request, response) => {
    const { status, body = '{}', delayMs = 0 } = answer(++calls)
    setTimeout(() => response.writeHead(status).end(body), delayMs).unref()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, calls: () => calls }
}

test('tries again when the Admin API stumbles, and not when it refuses', async (t) => {
  const stumbling = await fakeAdmin(t, (n) => ({ status: n < 3 ? 503 : 200 }))
  const options = { key: 'k-secret', retryDelaysMs: [1, 1, 1] }
  await new AdminClient({ ...options, url: stumbling.url }).put('routes', 'a', {})
  assert.equal(stumbling.calls(), 3)
  const refusing = await fakeAdmin(t, () => ({
    status: 400,
    body: '{"error_msg":"bad k-secret and other-secret"}',
  }))
  const client = new AdminClient({ ...options, url: refusing.url, secrets: ['other-secret'] })
  await assert.rejects(client.put('routes', 'a', {}), (error: AdminError) => {
    assert.equal(error.status, 400)
    assert.equal(error.message, 'PUT routes/a: APISIX answered 400: bad (secret) and (secret)')
    return true
  })
  assert.equal(refusing.calls(), 1)
  const broken = await fakeAdmin(t, () => ({ status: 500 }))
  await assert.rejects(new AdminClient({ ...options, url: broken.url }).get('routes', 'a'), AdminError)
  assert.equal(broken.calls(), 4)
})

test('gives up on an Admin API that does not answer, or is not there', async (t) => {
  const silent = await fakeAdmin(t, () => ({ status: 200, delayMs: 60_000 }))
  const options = { key: 'k-secret', retryDelaysMs: [1], timeoutMs: 50 }
  await assert.rejects(
    new AdminClient({ ...options, url: silent.url }).get('routes', 'a'),
    /no answer in time/,
  )
  await assert.rejects(
    new AdminClient({ ...options, url: 'http://127.0.0.1:1' }).get('routes', 'a'),
    /cannot reach the Admin API/,
  )
})

test('does not send what APISIX would not take', async () => {
  await assert.rejects(client.put('routes', 'a', { desc: 'x'.repeat(1_600_000) }), /over the 1572864 bytes/)
})

test('check needs no server and no secrets', async () => {
  let out = ''
  const code = await runCli(['check'], {
    env: {},
    confDir: CONF_DIR,
    out: (text) => {
      out += text
    },
    err: () => {},
  })
  assert.equal(code, EXIT.ok)
  assert.match(out, /resources are valid/)
  assert.ok(loadResources(CONF_DIR, {}, { allowUnset: true }).unset.includes('LLM_USAGE_AUTH'))
})
