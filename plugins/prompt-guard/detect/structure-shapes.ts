/**
 * Shapes that live on punctuation, which concepts do not see: tokens of chat templates, headers of roles, fences,
 * images and links that carry data. They are read in folded text (lower case, full width as ASCII, white space
 * collapsed, traditional Chinese as simplified). A pattern is tried only where one of its anchors stands (`^`: where
 * a line starts) and every repetition is bounded, so that the time per anchor is.
 */
export type Shape = { anchors: readonly string[]; pattern: string }

const SYSTEM =
  '(?:system|sys|developer|admin|administrator|root|系统|管理员|开发者)(?: ?(?:prompt|message|note|notice|instructions?|override|update|command|提示词|提示|消息|指令|通知|设定))?'
const OPEN_TURN = `<\\|(?:im_start|start_header_id)\\|> ?`
const HOST = '(?:https?:)?//[^\\s()<>{}\\[\\]"\']{1,200}'
const INSIDE = '[^{}<>\\[\\]()\\n]'
const PRIVATE =
  '(?:conversation|chat[ _-]?(?:history|log)|history|secret|passw|credential|api[ _-]?key|private|sensitive|system[ _-]?prompt|base64|session|cookie|token|(?:user|previous|last|all|above)[^{}<>\\[\\]()\\n]{0,12}(?:data|info|message|input|prompt|text|email|detail)|对话|聊天|历史|密码|密钥|口令|隐私|系统提示|用户)'
const IMAGE = `!\\[[^\\[\\]\\n]{0,120}\\]\\( ?<?${HOST}`
const QUERY_IMAGE = `!\\[[^\\[\\]\\n]{0,120}\\]\\( ?<?(?:https?:)?//[^\\s()<>{}\\[\\]"'?]{1,160}\\?[^\\s()<>{}\\[\\]]{0,160}`
const LINK = `\\]\\( ?<?${HOST}`
const HTML = `<(?:img|iframe|a|script|link)\\b[^<>\\n]{0,160}?(?:src|href) ?= ?["']?${HOST}`
const REFERENCE = `\\[[^\\[\\]\\n]{1,60}\\]: ?<?${HOST}`
const SLOT = `[{<\\[]{1,3}${INSIDE}{1,80}[}>\\]]`
const PRIVATE_SLOT = `[{<\\[]{1,3}${INSIDE}{0,60}?${PRIVATE}`
const HTML_ANCHORS = ['<img', '<iframe', '<a ', '<script', '<link']

export const SHAPES: Readonly<Record<string, Shape>> = {
  TOKEN: {
    anchors: ['<|', '[inst]', '[/inst]', '<<', '<start_of', '<end_of'],
    pattern: '<\\|[a-z][a-z_▁ ]{1,30}\\|>|\\[/?inst\\]|<< ?/?sys ?>>|<(?:start|end)_of_turn>',
  },
  SYSTEMTOKEN: {
    anchors: ['<|', '<<', '<start_of'],
    pattern: `${OPEN_TURN}(?:system|developer|系统)|<\\| ?(?:system|developer|系统) ?\\|>|<< ?sys ?>>|<start_of_turn> ?system`,
  },
  ENDOFTURN: {
    anchors: ['<|', '[/inst]', '<end_of', '</s>'],
    pattern: `(?:<\\|(?:im_end|eot_id|end|endoftext|end_of_text)\\|>|<end_of_turn>|\\[/inst\\]|</s>)\\s?(?:${OPEN_TURN}|<\\||<start_of_turn>|<s>|\\[inst\\])`,
  },
  HASHHEADER: {
    anchors: ['^'],
    pattern: `#{1,6} ?(?:${SYSTEM}|(?:new )?instructions?|response|指令) ?:`,
  },
  SYSTEMHEADER: {
    anchors: ['^', '【'],
    pattern: `(?:[>*_-] ?){0,3}(?:#{1,6} ?)?(?:${SYSTEM}[*_]{0,2} ?:|[\\[【(] ?${SYSTEM} ?[\\]】)])|#{1,6} ?(?:new )?instructions? ?:`,
  },
  ASSISTANTTURN: {
    anchors: ['^'],
    pattern: '(?:[>*_-] ?){0,3}(?:assistant|ai|chatgpt|claude|bot|model|助手|助理)[*_]{0,2} ?:',
  },
  HUMANTURN: { anchors: ['^'], pattern: '(?:[>*_-] ?){0,3}(?:human|user|用户)[*_]{0,2} ?:' },
  SYSTEMTAG: {
    anchors: ['<'],
    pattern:
      '<(?:system|sys|admin|developer|系统)(?:[ _-]?(?:prompt|message|instructions?|override|note|reminder|提示词?|指令))? ?>',
  },
  TAGSWITCH: {
    anchors: ['</'],
    pattern:
      '</(?:user|human|input|user[_-]?(?:input|message|query)|document|context|tool[_-]?results?|data)>\\s?<(?:system|sys|assistant|admin|developer|instructions?)(?:[_-]?(?:prompt|message|instructions?))?>',
  },
  FENCE: {
    anchors: ['begin ', 'start of ', 'end of ', 'end ', 'new system ', '开始', '结束'],
    pattern:
      '(?:begin|start of|new|end of|end)(?: of)?(?: the| new)? (?:system|admin|developer|root|privileged|secret|user|document|context|untrusted)(?: |_)(?:prompt|message|instructions?|override|input|query|data|content)s?|(?:开始|结束) ?(?:系统|用户|管理员)(?:提示词?|指令|输入|消息)',
  },
  IMAGE: { anchors: ['![', '<img'], pattern: `${IMAGE}|<img\\b[^<>\\n]{0,160}?src ?=` },
  QUERYIMAGE: { anchors: ['!['], pattern: `${QUERY_IMAGE}${SLOT}` },
  PRIVATEIMAGE: {
    anchors: ['![', '<img', '<iframe'],
    pattern: `(?:${IMAGE}|${HTML})(?:${PRIVATE_SLOT})`,
  },
  PRIVATELINK: {
    anchors: ['](', '^', ...HTML_ANCHORS],
    pattern: `(?:${LINK}|${REFERENCE}|${HTML})(?:${PRIVATE_SLOT})`,
  },
  URLWORD: {
    anchors: ['url', 'query ', 'link', '链接', '网址', '参数', '图片地址'],
    pattern: 'url|query (?:string|param)|link|链接|网址|参数|图片地址',
  },
}

/** Signs of which an anchor has one: all anchors but line starts and {@link ANCHOR_WORDS}. */
export const ANCHOR_SIGNS = '<[!]【'

/** Anchors of letters, which the rules' automaton notices in passing. */
export const ANCHOR_WORDS: readonly string[] = [
  ...new Set(Object.values(SHAPES).flatMap(({ anchors }) => anchors)),
].filter((anchor) => anchor !== '^' && !ANCHOR_SIGNS.includes(anchor.charAt(0)))

/** Words as alternatives without repetition; looked for only in texts with a shape. */
export const WORDS: Readonly<Record<string, string>> = {
  COMMAND:
    'you are now|you must|from now on|new instructions?|new task|your task is now|do not refuse|approve|transfer|grant|你现在是|你必须|从现在开始|从现在起|新的?指令|新的?任务|无条件',
  APPEND:
    'append|attach|concatenate|encode|insert|embed|substitut|replac|fill in|put |追加|附加|拼接|拼到|编码|插入|替换|填入|放到|放入|写入',
  CARGO:
    "conversation|chat history|chat log|secret|password|credential|api key|private|sensitive|system prompt|user data|user's|everything above|previous message|last message|对话|聊天记录|密码|密钥|隐私|系统提示|用户的|用户数据|历史消息",
  AGREE: 'sure|of course|certainly|absolutely|当然|好的',
  IMAGEWORD: 'markdown image|image tag|an image|invisible image|tracking pixel|图片|图像',
}
