/** Canonical unit and factor: 1 km and 1000 m are one quantity. One line: canonical, then `name*factor`. */
const LINES = `
m|m meter metre 米|km*1000 kilometer kilometre 公里 千米|cm*0.01 centimeter centimetre 厘米 公分|mm*0.001 millimeter millimetre 毫米
ft|ft foot feet 英尺|inch*0.0833333333 英寸|yard*3 yd*3 码|mile*5280 mi*5280 英里
g|g gram 克|kg*1000 kilogram kilo 公斤 千克|mg*0.001 milligram 毫克|ton*1000000 tonne*1000000 吨*1000000|斤*500
lb|lb pound_weight lbs 磅|oz*0.0625 ounce
l|l liter litre 升|ml*0.001 milliliter millilitre 毫升|gallon*3.785
s|s sec second 秒|ms*0.001 millisecond 毫秒|min*60 minute 分钟|h*3600 hr*3600 hour 小时*3600 钟头*3600
day|day 天|week*7 周*7 星期*7 礼拜*7
month|month 个月
year|year yr 年
bit|bit 比特|kbit*1000|mbit*1000000|gbit*1000000000|tbit*1000000000000
byte|byte b 字节|kb*1000 kilobyte|mb*1000000 megabyte|gb*1000000000 gigabyte|tb*1000000000000 terabyte
hz|hz hertz 赫兹|khz*1000|mhz*1000000|ghz*1000000000
w|w watt 瓦|kw*1000 kilowatt 千瓦|mw*1000000
degree|degree 度 °
celsius|celsius ℃ °c 摄氏度
fahrenheit|fahrenheit ℉ °f 华氏度
percent|percent % percentage 个百分点 pct
usd|usd dollar $ 美元 美金 us$
eur|eur euro € 欧元
gbp|gbp £ 英镑
jpy|jpy yen 日元
cny|cny rmb yuan 元 块 块钱 人民币 ¥
inr|inr rupee ₹ rs 卢比
krw|krw won ₩ 韩元
btc|btc bitcoin 比特币
acre|acre 英亩
hectare|hectare 公顷
kph|kph km/h|mph*1.609
token|token
`

import { lemma } from '../lemma.ts'

export interface Unit {
  name: string
  factor: number
}

export const UNITS: ReadonlyMap<string, Unit> = new Map(
  LINES.trim()
    .split('\n')
    .flatMap((line) => {
      const [name = '', ...groups] = line.split('|')
      return groups.flatMap((group) => {
        let factor = 1
        return group.split(' ').flatMap((entry) => {
          const [word = '', times] = entry.split('*')
          if (times !== undefined) factor = Number(times)
          const unit = { name, factor }
          return [[word, unit] as const, [lemma(word), unit] as const]
        })
      })
    }),
)

/** Signs that stand before the amount. */
export const CURRENCY_SIGNS: ReadonlyMap<string, string> = new Map([
  ['$', 'usd'],
  ['€', 'eur'],
  ['£', 'gbp'],
  ['¥', 'cny'],
  ['₹', 'inr'],
  ['₩', 'krw'],
])
