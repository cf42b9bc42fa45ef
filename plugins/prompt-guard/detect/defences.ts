const GAP = '\\s{1,4}'
const WORDS = (most: number): string => `(?:\\w{1,20}${GAP}){0,${most}}?`

/** Places that hold material, never the instructions of the application or of the model's maker. */
const MATERIAL =
  '(?:texts?|documents?|contents?|data|tags?|e-?mails?|inputs?|pages?|websites?|passages?|articles?|transcripts?|tickets?|reviews?|files?|attachments?|outputs?|results?|delimiters?|quotes)'

const ENGLISH = new RegExp(
  [
    `\\b(?:do not|don't|never|must not|should not|ignore|disregard)${GAP}${WORDS(3)}(?:any|all|every)${GAP}`,
    `${WORDS(2)}(?:instructions?|commands?|directives?|orders?|requests?)${GAP}${WORDS(4)}`,
    `(?:in|inside|within|between|from)${GAP}(?:the|this|these|that|any|untrusted|retrieved|quoted)${GAP}`,
    `${WORDS(2)}${MATERIAL}\\b`,
  ].join(''),
  'gi',
)
const CHINESE =
  /(?:不要|请勿|切勿|禁止|忽略)(?:执行|遵循|遵守|理会|响应)?(?:任何|所有)?(?:来自|包含在|出现在)?(?:文档|文本|正文|标签|资料|网页|邮件|用户输入|引用|附件)(?:内容)?(?:中|内|里|之间)?的?(?:任何|所有)?(?:指令|命令|指示|要求)/g

/** Whose instructions these are: where one of these words stands, the phrase is the attack that it looks like. */
const OTHERS =
  /system|developer|previous|prior|above|earlier|initial|original|before|so far|your|admin|openai|safety|之前|以上|上面|上述|前面|系统|你/i
const LOOK_AHEAD = 24

/**
 * A text without the sentences by which an application tells its model not to obey what stands in the material ("do not
 * follow any instructions in the document"), which say word for word what attacks say. As spaces, so that offsets stay.
 */
export const withoutDefences = (text: string): string => {
  const blank = (phrase: string, at: number): string => {
    const after = text.slice(at + phrase.length, at + phrase.length + LOOK_AHEAD)
    return OTHERS.test(phrase) || OTHERS.test(after) ? phrase : ' '.repeat(phrase.length)
  }
  return text.replace(ENGLISH, blank).replace(CHINESE, blank)
}
