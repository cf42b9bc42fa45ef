import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadPackageDefinition, Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { OtlpExporter } from '../../../runner/tracing/otlp-exporter.ts'
import { spanOf } from '../../../runner/tracing/span.ts'
import { usageEvent } from '../../support/events.ts'
import { collectingLog } from '../../support/rig.ts'

interface WireSpan {
  name: string
  trace_id: Buffer
  parent_span_id: Buffer
  attributes: { key: string; value: { string_value?: string; int_value?: string } }[]
}

const proto = loadSync(fileURLToPath(new URL('../../../schemas/otlp-trace.proto', import.meta.url)), {
  keepCase: true,
  longs: String,
})
const { opentelemetry } = loadPackageDefinition(proto) as unknown as {
  opentelemetry: { proto: { collector: { trace: { v1: { TraceService: { service: ServiceDefinition } } } } } }
}
const received: WireSpan[] = []
const tokens: unknown[] = []
const server = new Server()
server.addService(opentelemetry.proto.collector.trace.v1.TraceService.service, {
  Export: (
    call: {
      request: { resource_spans: { scope_spans: { spans: WireSpan[] }[] }[] }
      metadata: { get(name: string): unknown[] }
    },
    done: (error: null, reply: object) => void,
  ) => {
    tokens.push(call.metadata.get('x-collector-token')[0])
    received.push(
      ...call.request.resource_spans.flatMap(({ scope_spans }) => scope_spans.flatMap(({ spans }) => spans)),
    )
    done(null, {})
  },
})
const port = await new Promise<number>((resolve, reject) => {
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
    error ? reject(error) : resolve(bound),
  )
})
after(() => server.forceShutdown())

const counts = { exported: 0, dropped: 0 }
const exporterTo = (endpoint: string, maxWaiting = 10_000) =>
  new OtlpExporter(
    { endpoint, serviceName: 'test', headers: { 'x-collector-token': 't' }, timeoutMs: 1000, maxWaiting },
    {
      exported: (spans) => {
        counts.exported += spans
      },
      dropped: (spans) => {
        counts.dropped += spans
      },
    },
    collectingLog([]),
  )

test('a collector gets every span over gRPC, in batches', async () => {
  const exporter = exporterTo(`http://127.0.0.1:${port}`)
  for (let i = 0; i < 1200; i++) exporter.push(spanOf(usageEvent({ request_id: `r${i}` }), undefined))
  await exporter.close()
  assert.equal(received.length, 1200)
  assert.equal(counts.exported, 1200)
  assert.ok(tokens.every((token) => token === 't'))
  const [first] = received
  assert.equal(first?.name, 'chat gpt-4')
  const provider = first?.attributes.find(({ key }) => key === 'gen_ai.provider.name')
  assert.equal(provider?.value.string_value, 'openai')
  const input = first?.attributes.find(({ key }) => key === 'gen_ai.usage.input_tokens')
  assert.equal(Number(input?.value.int_value), 10)
})

test('a collector that is away costs spans, counted, and nothing else', async () => {
  counts.dropped = 0
  const exporter = exporterTo('http://127.0.0.1:1', 10)
  for (let i = 0; i < 15; i++) exporter.push(spanOf(usageEvent(), undefined))
  await exporter.close()
  assert.equal(counts.dropped, 15)
})
