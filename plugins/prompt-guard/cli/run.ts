import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { Ajv } from 'ajv'
import { parse as parseYaml } from 'yaml'
import { contradictionsIn } from '../compile.ts'
import { type GuardConf, GuardConfSchema } from '../conf.ts'
import { compileUserPatterns, createDetector, type UserPatterns } from '../detect/index.ts'
import { judge } from '../judge.ts'
import { type Explanation, explain } from './explain.ts'
import { renderExplanation, renderVerdict } from './render.ts'

export interface CliIo {
  readonly stdin: AsyncIterable<Buffer | string>
  out(text: string): void
  err(text: string): void
}

const HELP = `guard test [text]      says whether a text is an attack
guard explain [text]   and why: rules, places, layers, readings of what is disguised

Without a text it is read from --file or standard input.

  --file PATH    text to look at
  --conf PATH    conf of prompt-guard, YAML or JSON: thresholds, patterns, actions, secrets
  --tool         take it for the result of a tool, where instructions weigh more
  --json         one JSON object
  --help

Exit code: 0 nothing found, 1 an attack or something that the conf blocks, 2 wrong use.
`
const MAX_BYTES = 16 * 1024 * 1024

/** @returns the exit code */
export async function runGuard(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        file: { type: 'string' },
        conf: { type: 'string' },
        tool: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    const [command, ...texts] = positionals
    if (values.help) {
      io.out(HELP)
      return 0
    }
    if (command !== 'test' && command !== 'explain') throw new Error('say `test` or `explain`')
    const text = texts.length > 0 ? texts.join(' ') : await readText(values.file, io.stdin)
    const conf = await readConf(values.conf)
    const detector = createDetector({
      threshold: conf.threshold,
      deny: patterns('deny_patterns', conf.deny_patterns),
      allow: patterns('allow_patterns', conf.allow_patterns),
      secrets: conf.secrets === 'off' ? false : conf.secret_kinds,
      budgetMs: 60_000,
    })
    const origin = values.tool ? 'tool' : 'user'
    const verdict = await detector.inspect([{ text, origin }])
    const findings = judge(verdict, conf)
    const full: Explanation = explain(text, verdict, findings)
    if (values.json) io.out(`${JSON.stringify(command === 'test' ? shortOf(full) : full, null, 2)}\n`)
    else io.out(command === 'test' ? renderVerdict(full) : renderExplanation(text, full))
    return verdict.isAttack || findings.some((finding) => finding.action === 'block') ? 1 : 0
  } catch (error) {
    io.err(`guard: ${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
}

function shortOf({ is_attack, score, category, findings }: Explanation) {
  return { is_attack, score, category, findings }
}

async function readText(file: string | undefined, stdin: CliIo['stdin']): Promise<string> {
  if (file !== undefined) return readFile(file, 'utf8')
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk))
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new Error(`standard input is over ${MAX_BYTES} bytes`)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** As a route would have it: the same schema, the same defaults. External checks are not asked. */
async function readConf(file: string | undefined): Promise<GuardConf> {
  const conf: unknown = file === undefined ? {} : (parseYaml(await readFile(file, 'utf8')) ?? {})
  const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: false })
  const validate = ajv.compile(GuardConfSchema)
  if (!validate(conf)) throw new Error(ajv.errorsText(validate.errors, { dataVar: file ?? 'conf' }))
  const problems = contradictionsIn(conf as GuardConf)
  if (problems.length > 0) throw new Error(problems.join('; '))
  return conf as GuardConf
}

function patterns(name: string, list: readonly string[]): UserPatterns {
  const result = compileUserPatterns(list)
  if (result.ok) return result.patterns
  throw new Error(
    result.errors.map(({ index, pattern, reason }) => `${name}/${index} "${pattern}": ${reason}`).join('; '),
  )
}
