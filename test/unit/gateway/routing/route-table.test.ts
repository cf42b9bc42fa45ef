import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RouteTable } from '../../../gateway/routing/route-table.ts'
import type { CompiledRoute, RouteConf } from '../../../gateway/routing/routes.ts'

function route(id: string, conf: Partial<RouteConf>): CompiledRoute {
  return { id, conf: { priority: 0, status: 1, ...conf } } as CompiledRoute
}

function match(
  routes: CompiledRoute[],
  uri: string,
  more: { method?: string; host?: string; port?: string } = {},
) {
  const { method = 'GET', host = 'any.example', port = '9080' } = more
  const read = (name: string) => (name === 'server_port' ? port : undefined)
  return new RouteTable(routes).match({ method, uri, host, remoteAddr: '127.0.0.1', var: read })?.id
}

test('an exact uri wins over any prefix, whatever the priority', () => {
  const routes = [route('prefix', { uri: '/v1/*', priority: 10 }), route('exact', { uri: '/v1/chat' })]
  assert.equal(match(routes, '/v1/chat'), 'exact')
  assert.equal(match(routes, '/v1/other'), 'prefix')
})

test('a longer prefix wins over a shorter one', () => {
  const routes = [route('all', { uri: '/*' }), route('v1', { uris: ['/v1/*', '/v2/*'] })]
  assert.equal(match(routes, '/v1/x'), 'v1')
  assert.equal(match(routes, '/v2/x'), 'v1')
  assert.equal(match(routes, '/x'), 'all')
})

test('priority decides among routes of the same uri, vars permitting', () => {
  const routes = [
    route('main', { uri: '/v1/*' }),
    route('fallback', { uri: '/v1/*', priority: 10, vars: [['server_port', '==', '9444']] }),
  ]
  assert.equal(match(routes, '/v1/x'), 'main')
  assert.equal(match(routes, '/v1/x', { port: '9444' }), 'fallback')
})

test('routes of a host come before those without, exact hosts before wildcards', () => {
  const routes = [
    route('any', { uri: '/x' }),
    route('wild', { uri: '/*', host: '*.example' }),
    route('exact', { uri: '/*', hosts: ['api.example'] }),
  ]
  assert.equal(match(routes, '/x', { host: 'api.example' }), 'exact')
  assert.equal(match(routes, '/x', { host: 'www.example' }), 'wild')
  assert.equal(match(routes, '/x', { host: 'other' }), 'any')
})

test('methods, addresses and status restrict', () => {
  const routes = [
    route('off', { uri: '/a', status: 0 }),
    route('post', { uri: '/b', methods: ['POST'] }),
    route('near', { uri: '/c', remote_addr: '127.0.0.0/8' }),
    route('far', { uri: '/d', remote_addrs: ['10.0.0.1'] }),
  ]
  assert.equal(match(routes, '/a'), undefined)
  assert.equal(match(routes, '/b'), undefined)
  assert.equal(match(routes, '/b', { method: 'POST' }), 'post')
  assert.equal(match(routes, '/c'), 'near')
  assert.equal(match(routes, '/d'), undefined)
})
