import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RejectReason } from '../../../../../plugins/semantic-cache/verify/verdict.ts'
import { verify } from '../../../../../plugins/semantic-cache/verify/verify.ts'

const same: [string, string][] = [
  ['What is Redis?', 'what is redis'],
  ['How do I turn on dark mode?', 'How can I enable dark mode?'],
  ['How do I turn dark mode off?', 'How do I disable dark mode?'],
  ['What is the population of France?', "What's the population of France"],
  ['In 1987 Smith moved to Paris.', 'Smith moved to Paris in 1987.'],
  ['Paris and London are big cities', 'London and Paris are big cities'],
  ['Convert 1,000 metres to feet', 'convert 1 km to feet'],
  ['What is 50% of 80?', 'What is fifty percent of 80?'],
  ['Pope Francis appointed Farrell', 'Farrell was appointed by Pope Francis'],
  ['Convert from USD to EUR', 'Convert to EUR from USD'],
  ['如何打开夜间模式', '怎么开启夜间模式？'],
  ['请问2024年有多少天', '二〇二四年有多少天呢'],
  ['Could you tell me how to boil an egg?', 'how do I boil an egg'],
  ['Who are you?', 'who are you'],
  ['What does HTTP 404 mean?', 'What is the meaning of HTTP 404?'],
  ['为什么天空是蓝色的', '天空为什么是蓝色的'],
  ['北京的人口是多少', '北京人口有多少'],
  ['微信号怎么第二次修改', '怎么修改微信号第二次'],
  ['什么牌子的儿童安全座椅好', '儿童安全座椅什么牌子的好'],
  ['How do I reset my password?', 'How does one reset a password?'],
  ['What is the best way to boil an egg?', 'How do I boil an egg?'],
  ['Which colours does it recognise?', 'Which colors does it recognize?'],
  ['WHERE IS IT MADE IN ITALY', 'where is it made in italy'],
  ['He donated US $ 5 to Ted', 'He donated $5 to Ted'],
  ['五公里等于多少米', '5公里等于多少米'],
  ['五小时够吗', '5小时够吗'],
  ['I want to know what machine learning is', 'What is machine learning?'],
  ['请解释一下什么是机器学习', '什么是机器学习？'],
  ['我有几天年假', '我有多少天年假'],
]

for (const [query, candidate] of same) {
  test(`one answer serves «${query}» and «${candidate}»`, () => {
    assert.equal(verify(query, candidate).accept, true, JSON.stringify(verify(query, candidate)))
    assert.equal(verify(candidate, query).accept, true, 'the other way round')
  })
}

const different: [string, string, RejectReason][] = [
  ['How do I turn on dark mode?', 'How do I turn off dark mode?', 'antonym'],
  ['Who won the cup in 2023?', 'Who won the cup in 2024?', 'number'],
  ['Convert from USD to EUR', 'Convert from EUR to USD', 'order'],
  ['Flights from Paris to London', 'Flights from London to Paris', 'order'],
  ['Farrell appointed Pope Francis', 'Farrell was appointed by Pope Francis', 'direction'],
  ['Can I use Redis without TLS?', 'Can I use Redis with TLS?', 'negation'],
  ['Is it safe to run rm?', 'Is it not safe to run rm?', 'negation'],
  ['Where was Ada born?', 'When was Ada born?', 'question'],
  ['Open https://a.example/x', 'Open https://a.example/y', 'url'],
  ['What does load_state() do?', 'What does load_stats() do?', 'identifier'],
  ['Is python3.11 supported?', 'Is python3.12 supported?', 'identifier'],
  ['I owe $5, what now', 'I owe €5, what now', 'number'],
  ['Meet on 3 May 2024 at noon', 'Meet on 3 June 2024 at noon', 'date'],
  ['Where does Anna live?', 'Where does Maria live?', 'name'],
  ['What is Redis?', 'Redis是什么？', 'language'],
  ['如何打开夜间模式', '如何关闭夜间模式', 'antonym'],
  ['这个药可以喝酒吗', '这个药不可以喝酒吗', 'negation'],
  ['小明比小红高吗', '小红比小明高吗', 'order'],
  ['从北京到上海怎么走', '从上海到北京怎么走', 'order'],
  ['三天后还款可以吗', '五天后还款可以吗', 'number'],
  ['女人喜欢男人什么发型？', '男人喜欢女人什么发型？', 'order'],
  ['我老婆打我怎么办', '我打我老婆怎么办', 'order'],
  ['Does A imply B?', 'Does B imply A?', 'order'],
  ['Left join a on b', 'Left join b on a', 'order'],
  ['Only admins can edit', 'Admins can only edit', 'order'],
  ['explain: if (!ready) return;', 'explain: if (ready) return;', 'identifier'],
  ['What does a && b do?', 'What does a || b do?', 'identifier'],
  ['What does *args mean in Python?', 'What does **args mean in Python?', 'identifier'],
  ['Explain the regex \\d+', 'Explain the regex \\D+', 'identifier'],
  ['What does [] mean in JavaScript?', 'What does {} mean in JavaScript?', 'identifier'],
  ['What does ls -a do?', 'What does ls -A do?', 'identifier'],
  ['What is "a" + 1 in JavaScript?', 'What is a + 1 in JavaScript?', 'identifier'],
  ['Are you there at 3:30 am?', 'Are you there at 3:30 pm?', 'identifier'],
  ['Explain\nif x:\n  a()\n  b()', 'Explain\nif x:\n  a()\nb()', 'identifier'],
  ['What is -5 + 3?', 'What is 5 + 3?', 'number'],
  ['What is new in Python 3.10?', 'What is new in Python 3.1?', 'number'],
  ['Is 12 pm noon or midnight?', 'Is 12 am noon or midnight?', 'number'],
  ['How fast is 100 Mb per second?', 'How fast is 100 MB per second?', 'number'],
  ['Is it hot in Rome in May?', 'Is it hot in Rome?', 'date'],
  ['Who helped us?', 'Who helped US?', 'reference'],
  ['Is polish hard to learn?', 'Is Polish hard to learn?', 'name'],
  ['Is it too late to apply?', 'Is it late to apply?', 'content'],
  ['只要下雨就去', '只有下雨才去', 'antonym'],
  ['增加到10%', '增加了10%', 'direction'],
  ['一个半小时', '半小时', 'content'],
  ['女汉子喜欢什么类型的男人', '什么类型的男人喜欢女汉子', 'order'],
  ['广州有高铁到柳州吗', '柳州到广州有高铁吗', 'order'],
  ['一百除以三', '三除以一百', 'order'],
  ['它由比利编写，由塞思执导', '它由塞思编写，由比利执导', 'order'],
  ['What does my dog eat?', 'What does a dog eat?', 'reference'],
  ['他什么时候出生', '他在哪里出生', 'question'],
  ['圣诞节是怎么来的', '圣诞节怎么过？', 'content'],
  ['What does the council do?', 'What is the council?', 'content'],
  ['What is it to be a lawyer?', 'What is a lawyer?', 'content'],
  ['What is 5 + 3?', 'What is 5 - 3?', 'identifier'],
  ['Which projects run, and why?', 'Which projects run?', 'question'],
  ['Tell me why he left her', 'Tell me why she left him', 'reference'],
]

for (const [query, candidate, reason] of different) {
  test(`«${query}» and «${candidate}» differ by ${reason}`, () => {
    const verdict = verify(query, candidate)
    assert.equal(verdict.accept ? 'accepted' : verdict.reason, reason)
    assert.equal(verify(candidate, query).accept, false, 'the other way round')
  })
}

test('reads nothing above its limit', () => {
  assert.deepEqual(verify('a'.repeat(5000), 'b'), { accept: false, reason: 'too_long' })
  assert.deepEqual(verify('abc', 'abc', { maxChars: 2 }), { accept: false, reason: 'too_long' })
})

test('rejects what holds no words', () => {
  assert.equal(verify('', '').accept, false)
  assert.equal(verify('?!', '...').accept, false)
})

test('judges any two texts without an error, and the same way round', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom(
      ' ',
      '怎么',
      '不',
      '三点五',
      'A to B',
      "n't",
      '1,000',
      '第',
      '一百',
      'https://a.b',
      '@',
      '--',
      '"',
      '$5',
    ),
  )
  const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.equal(verify(a, b).accept, verify(b, a).accept)
    }),
    { numRuns: 500, seed: 5 },
  )
})

test('a changed number, name or sign is never accepted', () => {
  const word = fc.constantFrom(
    'deploy',
    'server',
    'table',
    'Redis',
    'Paris',
    'index',
    'quickly',
    'with',
    'from',
    'the',
  )
  const around = fc.array(word, { minLength: 1, maxLength: 12 })
  const changed = fc.constantFrom(
    ['2023', '2024'],
    ['Alice', 'Bob'],
    ['a_b', 'a_c'],
    ['on', 'off'],
    ['5 kg', '5 km'],
  )
  fc.assert(
    fc.property(around, changed, around, (before, [x = '', y = ''], after) => {
      const text = (middle: string) => ['how', 'to', ...before, middle, ...after].join(' ')
      return !verify(text(x), text(y)).accept
    }),
    { numRuns: 500, seed: 5 },
  )
})
