import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { pages, ROOT } from './pages.ts'

/** As GitHub makes the anchor of a heading. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('every link inside the repository leads somewhere', () => {
  for (const [path, text] of pages) {
    for (const [, target = '', anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
      const file = target === '' ? path : normalize(join(dirname(path), target))
      assert.ok(existsSync(join(ROOT, file)), `${path}: ${target}`)
      if (anchor) assert.ok(anchorsOf(pages.get(file) ?? '').includes(anchor), `${path}: ${target}#${anchor}`)
    }
  }
})

test('every npm script that a page names is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  for (const [path, text] of pages) {
    for (const [, name = ''] of text.matchAll(/npm run (?:-s )?([a-z][a-z0-9:-]*[a-z0-9])/g)) {
      const known = name in scripts || text.includes(`npm run ${name}:*`)
      assert.ok(known, `${path}: npm run ${name}`)
    }
  }
})

test('the Chinese README has the headings, commands, tables and links of the English one', () => {
  const [english, chinese] = ['README.md', 'README.zh-CN.md'].map((path) => shapeOf(pages.get(path) ?? ''))
  assert.deepEqual(chinese, english)
})

/** What a translation leaves as it is. Comments of commands are prose; both pages link to each other. */
function shapeOf(text: string) {
  const commands = text
    .split('\n')
    .filter((line) => /^ *(npm|node|export|OPENAI_API_KEY=|ext-plugin:|path_for_test:) ?/.test(line))
    .map((line) => line.replace(/ +#.*/, ''))
  return {
    headings: [...text.matchAll(/^#+ /gm)].map(String),
    commands,
    rows: text.split('\n').filter((line) => line.startsWith('|')).length,
    figures: [...text.matchAll(/\d+\.\d+/g)].map(String).sort(),
    items: [...text.matchAll(/^ *(?:-|\d\.) /gm)].map(String),
    links: [...text.matchAll(/\]\(([^)]+)\)/g)]
      .map(([, target]) => target)
      .filter((target) => !target?.startsWith('README'))
      .sort(),
  }
}
