import type { TimeOfDayConf } from '../conf.ts'

const MINUTE_MS = 60_000

/** Whether a moment (milliseconds since the epoch) lies in the hours. @throws Error when there is no such time zone. */
export function compileTimeWindow(conf: TimeOfDayConf): (atMs: number) => boolean {
  const format = formatIn(conf.time_zone)
  const from = minutesOf(conf.from)
  const to = minutesOf(conf.to)
  const days = conf.days && new Set<string>(conf.days)
  // Formatting costs microseconds and changes once a minute.
  let minute = Number.NaN
  let inside = false
  return (atMs) => {
    const current = Math.floor(atMs / MINUTE_MS)
    if (current === minute) return inside
    minute = current
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]))
    const now = Number(parts.get('hour')) * 60 + Number(parts.get('minute'))
    const inHours = from <= to ? now >= from && now < to : now >= from || now < to
    inside = inHours && (!days || days.has((parts.get('weekday') ?? '').toLowerCase()))
    return inside
  }
}

function formatIn(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      hour: '2-digit',
      minute: '2-digit',
      weekday: 'short',
    })
  } catch {
    throw new Error(`there is no time zone ${timeZone}`)
  }
}

function minutesOf(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))
}
