import { fileURLToPath } from 'node:url'
import { type Client, credentials, loadPackageDefinition, Metadata, type ServiceError } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { Log } from '../services/index.ts'
import type { AttributeValue, Span } from './span.ts'

export interface OtlpOptions {
  /** `http://host:4317` (plain) or `https://host:4317` (TLS). */
  readonly endpoint: string
  readonly serviceName: string
  /** Sent with each export, e.g. an authorization header of the collector. */
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly maxWaiting: number
}

export interface ExportReport {
  exported(spans: number): void
  dropped(spans: number): void
}

const BATCH = 512
const FLUSH_EVERY_MS = 1000
const SPAN_KIND_CLIENT = 3
const STATUS_ERROR = 2

/** The protocol definition stands in schemas/, one folder up from the sources and two from the built package. */
const PROTO = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../schemas/otlp-trace.proto' : '../../../schemas/otlp-trace.proto',
    import.meta.url,
  ),
)

interface TraceClient extends Client {
  Export(
    request: object,
    metadata: Metadata,
    options: { deadline: number },
    callback: (error: ServiceError | null) => void,
  ): void
}

/**
 * Sends spans to an OpenTelemetry collector (or SkyWalking's OTLP receiver) over gRPC, in batches. Traces are a
 * convenience: a full queue drops the oldest, a failed batch is dropped and counted, nothing ever waits for it.
 */
export class OtlpExporter {
  readonly #options: OtlpOptions
  readonly #report: ExportReport
  readonly #log: Log
  readonly #client: TraceClient
  readonly #metadata = new Metadata()
  readonly #timer: NodeJS.Timeout
  #waiting: Span[] = []
  #sending: Promise<void> | undefined
  #failing = false

  constructor(options: OtlpOptions, report: ExportReport, log: Log) {
    this.#options = options
    this.#report = report
    this.#log = log
    this.#client = connect(options.endpoint)
    for (const [name, value] of Object.entries(options.headers)) this.#metadata.set(name, value)
    this.#timer = setInterval(() => void this.flush(), FLUSH_EVERY_MS)
    this.#timer.unref()
  }

  push(span: Span): void {
    this.#waiting.push(span)
    if (this.#waiting.length > this.#options.maxWaiting) {
      this.#waiting.shift()
      this.#report.dropped(1)
    }
    if (this.#waiting.length >= BATCH) void this.flush()
  }

  async flush(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined
    })
    await this.#sending
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
    this.#client.close()
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH)
      const error = await this.#send(batch)
      if (error) {
        this.#report.dropped(batch.length)
        if (!this.#failing)
          this.#log.warn({ code: error.code, details: error.details }, 'traces are not exported')
        this.#failing = true
        return
      }
      this.#failing = false
      this.#report.exported(batch.length)
    }
  }

  #send(batch: readonly Span[]): Promise<ServiceError | null> {
    const request = {
      resource_spans: [
        {
          resource: { attributes: [keyValue('service.name', this.#options.serviceName)] },
          scope_spans: [{ scope: { name: 'llm-runner' }, spans: batch.map(wireSpan) }],
        },
      ],
    }
    return new Promise((resolve) => {
      this.#client.Export(
        request,
        this.#metadata,
        { deadline: Date.now() + this.#options.timeoutMs },
        resolve,
      )
    })
  }
}

function connect(endpoint: string): TraceClient {
  const url = new URL(endpoint)
  const definition = loadSync(PROTO, { keepCase: true, longs: String })
  const { opentelemetry } = loadPackageDefinition(definition) as unknown as {
    opentelemetry: {
      proto: { collector: { trace: { v1: { TraceService: new (...args: unknown[]) => TraceClient } } } }
    }
  }
  const { TraceService } = opentelemetry.proto.collector.trace.v1
  const security = url.protocol === 'https:' ? credentials.createSsl() : credentials.createInsecure()
  return new TraceService(url.host, security)
}

function wireSpan(span: Span): object {
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId ?? Buffer.alloc(0),
    name: span.name,
    kind: SPAN_KIND_CLIENT,
    start_time_unix_nano: nanos(span.startMs),
    end_time_unix_nano: nanos(span.endMs),
    attributes: Object.entries(span.attributes).map(([key, value]) => keyValue(key, value)),
    status: span.error === undefined ? {} : { code: STATUS_ERROR, message: span.error },
  }
}

function nanos(ms: number): string {
  return (BigInt(Math.round(ms)) * 1_000_000n).toString()
}

function keyValue(key: string, value: AttributeValue): object {
  return { key, value: anyValue(value) }
}

function anyValue(value: AttributeValue): object {
  if (typeof value === 'string') return { string_value: value }
  if (typeof value === 'boolean') return { bool_value: value }
  if (typeof value !== 'number') return { array_value: { values: value.map(anyValue) } }
  return Number.isInteger(value) ? { int_value: value } : { double_value: value }
}
