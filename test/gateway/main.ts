import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type GatewayOptions, type ListenOptions, startGateway } from './gateway.ts'

const USAGE = `Starts the stand-in for APISIX; prints one JSON line when it is ready.

  --listen [host:]port        a plain port (repeatable; the first is the main one; default 9080)
  --listen-tls [host:]port    a TLS port (repeatable)
  --admin-port port           default 9180
  --control-port port         default 9090
  --admin-key key             default: a random one
  --runner-socket path        socket of the plugin runner
  --conf-expire seconds       default 3600
  --proxy-next-upstream text  value of nginx's directive
  --proxy-hide-header name    the same (repeatable)
  --host name=address         like a line of /etc/hosts (repeatable)
  --trusted-certificate path  PEM that https health checks verify against
`

function parseListen(text: string, tls: boolean): ListenOptions {
  const colon = text.lastIndexOf(':')
  const port = Number(text.slice(colon + 1))
  return { port, tls, ...(colon === -1 ? {} : { host: text.slice(0, colon) }) }
}

function parseHosts(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(lines.map((line) => line.split('=', 2) as [string, string]))
}

function optionsFrom(args: readonly string[]): GatewayOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      listen: { type: 'string', multiple: true },
      'listen-tls': { type: 'string', multiple: true },
      'admin-port': { type: 'string', default: '9180' },
      'control-port': { type: 'string', default: '9090' },
      'admin-key': { type: 'string' },
      'runner-socket': { type: 'string' },
      'conf-expire': { type: 'string' },
      'proxy-next-upstream': { type: 'string' },
      'proxy-hide-header': { type: 'string', multiple: true },
      host: { type: 'string', multiple: true },
      'trusted-certificate': { type: 'string' },
    },
  })
  if (values.help === true) return undefined
  const certificate = values['trusted-certificate']
  return {
    listen: [
      ...(values.listen ?? ['9080']).map((text) => parseListen(text, false)),
      ...(values['listen-tls'] ?? []).map((text) => parseListen(text, true)),
    ],
    adminPort: Number(values['admin-port']),
    controlPort: Number(values['control-port']),
    hosts: parseHosts(values.host ?? []),
    proxyHideHeader: values['proxy-hide-header'] ?? [],
    logError: (line) => process.stderr.write(`${line}\n`),
    ...given('adminKey', values['admin-key']),
    ...given('runnerSocket', values['runner-socket']),
    ...given(
      'confExpireSeconds',
      values['conf-expire'] === undefined ? undefined : Number(values['conf-expire']),
    ),
    ...given('proxyNextUpstream', values['proxy-next-upstream']),
    ...given('trustedCertificate', certificate === undefined ? undefined : readFileSync(certificate, 'utf8')),
  }
}

function given<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V })
}

const options = optionsFrom(process.argv.slice(2))
if (options === undefined) {
  process.stdout.write(USAGE)
} else {
  const gateway = await startGateway(options)
  const { url, listeners, adminUrl, adminKey, controlUrl } = gateway
  process.stdout.write(
    `${JSON.stringify({ url, listeners, adminUrl, adminKey, controlUrl, pid: process.pid })}\n`,
  )
  const stop = () => void gateway.close().then(() => process.exit(0))
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}
