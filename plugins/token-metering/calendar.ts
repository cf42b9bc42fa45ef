/** Calendar days and months in one time zone; the keys under which usage is counted. */
export interface Calendar {
  /** `yyyy-mm-dd` */
  day(ms: number): string
  /** `yyyy-mm` */
  month(ms: number): string
  msToNextDay(ms: number): number
  msToNextMonth(ms: number): number
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** @throws RangeError for a time zone that the ICU data does not have. */
export function calendarIn(timeZone: string): Calendar {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  })
  // Formatting costs microseconds; zones change their offset on whole minutes only.
  let cachedMinute = -1
  let cachedDay = ''
  const day = (ms: number) => {
    const minute = Math.floor(ms / MINUTE_MS)
    if (minute !== cachedMinute) {
      cachedDay = format.format(ms)
      cachedMinute = minute
    }
    return cachedDay
  }
  return {
    day,
    month: (ms) => day(ms).slice(0, 7),
    // Days last 23 to 25 hours where clocks change, and months 28 to 31 days.
    msToNextDay: rememberingChange((ms) => msToChange(format, ms, 26 * HOUR_MS, (text) => text)),
    msToNextMonth: rememberingChange((ms) =>
      msToChange(format, ms, 32 * 24 * HOUR_MS, (text) => text.slice(0, 7)),
    ),
  }
}

/** Searches for the first millisecond at which the date reads otherwise. */
function msToChange(
  format: Intl.DateTimeFormat,
  ms: number,
  atMostMs: number,
  read: (date: string) => string,
): number {
  const now = read(format.format(ms))
  let low = ms
  let high = ms + atMostMs
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (read(format.format(middle)) === now) low = middle
    else high = middle
  }
  return high - ms
}

/** The search takes a score of date formats and its result holds for a day or a month: it is kept until it is passed. */
function rememberingChange(msToNext: (ms: number) => number): (ms: number) => number {
  let searchedAtMs = Number.POSITIVE_INFINITY
  let changeMs = Number.NEGATIVE_INFINITY
  return (ms) => {
    if (ms < searchedAtMs || ms >= changeMs) {
      searchedAtMs = ms
      changeMs = ms + msToNext(ms)
    }
    return changeMs - ms
  }
}
