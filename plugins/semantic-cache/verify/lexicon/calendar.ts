const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
)

/** Month names and their short forms to 1..12; "may" and "march" count only beside a number. */
export const MONTH: ReadonlyMap<string, number> = new Map([
  ...MONTHS.map((name, i) => [name, i + 1] as const),
  ...MONTHS.map((name, i) => [name.slice(0, 3), i + 1] as const),
  ['sept', 9],
])

export const AMBIGUOUS_MONTHS: ReadonlySet<string> = new Set(['may', 'march', 'mar', 'jan', 'dec'])

const DAYS = [
  'monday mon 星期一 周一 礼拜一',
  'tuesday tue tues 星期二 周二 礼拜二',
  'wednesday wed 星期三 周三 礼拜三',
  'thursday thu thur thurs 星期四 周四 礼拜四',
  'friday fri 星期五 周五 礼拜五',
  'saturday 星期六 周六 礼拜六',
  'sunday 星期天 星期日 周日 周天 礼拜天 礼拜日',
  'today tonight 今天 今日 今晚',
  'tomorrow 明天 明日',
  'yesterday 昨天 昨日',
  '后天',
  '前天',
  '今年',
  '明年',
  '去年',
  '本月 这个月',
  '上个月 上月',
  '下个月 下月',
  '本周 这周',
  '上周 上个星期',
  '下周 下个星期',
  'morning 早上 早晨 上午',
  'noon 中午',
  'afternoon 下午',
  'evening 晚上 傍晚',
  'spring 春天 春季',
  'summer 夏天 夏季',
  'autumn 秋天 秋季',
  'winter 冬天 冬季',
]

/** Words for days and parts of the day to one name each. */
export const DAY: ReadonlyMap<string, string> = new Map(
  DAYS.flatMap((line) => {
    const words = line.split(' ')
    return words.map((word) => [word, words[0] ?? word] as const)
  }),
)
