import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type ProviderOptions, startProvider } from './provider.ts'

const usage = `usage: node --import tsx test/provider/main.ts [--name openai] [--host 127.0.0.1] [--port 0] [--seed 1]
  [--require-key KEY] [--models a,b] [--cert cert.pem --key key.pem] [--script '{"default":{"chunk_delay_ms":50}}']
  [--ledger-size 10000]`

function readOptions(): ProviderOptions {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      name: text,
      host: text,
      port: text,
      seed: text,
      'require-key': text,
      models: text,
      cert: text,
      key: text,
      script: text,
      'ledger-size': text,
    },
  })
  const { cert, key, 'require-key': requireKey, 'ledger-size': ledgerSize } = values
  return {
    name: values.name ?? 'openai',
    host: values.host ?? '127.0.0.1',
    port: Number(values.port ?? 0),
    seed: Number(values.seed ?? 1),
    ledgerSize: Number(ledgerSize ?? 10_000),
    ...(requireKey === undefined ? {} : { requireKey }),
    ...(values.models === undefined ? {} : { models: values.models.split(',') }),
    ...(cert && key ? { tls: { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } } : {}),
    ...(values.script === undefined ? {} : { script: JSON.parse(values.script) }),
  }
}

try {
  const provider = await startProvider(readOptions())
  const { name, url, port } = provider
  console.log(JSON.stringify({ ready: true, name, url, port, pid: process.pid }))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void provider.close())
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  process.exitCode = 2
}
