import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Desk } from './desk.ts'
import { readBody } from './read-body.ts'

/**
 * How tests in another process script the provider and read its books:
 * `PUT|DELETE /__script`, `GET|DELETE /__ledger` (`?settled` waits until no call is open).
 */
export async function answerAdmin(desk: Desk, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const body = await readBody(req)
  switch (`${req.method} ${req.url}`) {
    case 'PUT /__script':
      try {
        desk.script.update(JSON.parse(body))
      } catch (error) {
        return reply(res, 400, { error: error instanceof Error ? error.message : String(error) })
      }
      return reply(res, 200, {})
    case 'DELETE /__script':
      desk.script.reset()
      return reply(res, 200, {})
    case 'GET /__ledger?settled':
      await desk.ledger.settled()
      return reply(res, 200, ledgerView(desk))
    case 'GET /__ledger':
      return reply(res, 200, ledgerView(desk))
    case 'DELETE /__ledger':
      desk.ledger.clear()
      return reply(res, 200, {})
    default:
      return reply(res, 404, { error: `no such admin call: ${req.method} ${req.url}` })
  }
}

function ledgerView({ ledger }: Desk): object {
  return { entries: ledger.entries, totals: ledger.totals, probes: ledger.probes }
}

function reply(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
