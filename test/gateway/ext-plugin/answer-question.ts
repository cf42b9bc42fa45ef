import type { RequestContext } from '../context.ts'
import type { Question } from './codec.ts'

/** `handle_extra_info`: nothing for an unknown variable, an empty request body, or a response that is not there. */
export async function answerQuestion(
  ctx: RequestContext,
  question: Question,
): Promise<Uint8Array | undefined> {
  switch (question.kind) {
    case 'var': {
      const value = ctx.var(question.name)
      return value === undefined ? undefined : Buffer.from(String(value), 'latin1')
    }
    case 'req-body': {
      const body = await ctx.readBody()
      return body.length === 0 ? undefined : body
    }
    case 'resp-body':
      return collectResponse(ctx)
  }
}

/** The whole fetched answer is gathered before the runner gets it (facts section 6). */
async function collectResponse(ctx: RequestContext): Promise<Uint8Array | undefined> {
  const { fetched } = ctx
  if (fetched === undefined) return undefined
  if (fetched.chunks === undefined) {
    const chunks: Buffer[] = []
    for await (const chunk of fetched.body) chunks.push(chunk)
    fetched.chunks = chunks
  }
  return Buffer.concat(fetched.chunks)
}
