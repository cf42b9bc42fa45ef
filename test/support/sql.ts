import { readFileSync } from 'node:fs'

/** The statements of a SQL file whose texts hold no semicolon. */
export function statementsOf(file: string): string[] {
  return readFileSync(file, 'utf8')
    .replace(/^\s*--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}
