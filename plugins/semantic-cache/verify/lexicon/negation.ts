export const EN_NEGATION: ReadonlySet<string> = new Set(
  `not no never without neither nor none cannot nobody nothing nowhere hardly scarcely non cant dont doesnt didnt
  isnt arent wasnt werent wont wouldnt shouldnt couldnt hasnt havent hadnt lack`.split(/\s+/),
)

export const ZH_NEGATION: ReadonlySet<string> = new Set(
  '不 没 没有 无 非 未 别 莫 勿 无法 不能 不会 不要 不可 不可以 不是 不用 不需要 无需 不必 不得 未能 从未 从不 没法 不可能 不行 不到 不了 并未 并非 并不 毫无 尚未 不再'.split(
    ' ',
  ),
)

/** Words that hold a negating character but do not negate. */
export const ZH_NOT_NEGATION =
  '不过 不仅 不但 不同 不少 不久 不断 不错 不管 不论 不如 不止 差不多 非常 非洲 无论 无线 未来 别人 别墅 区别 特别 分别 级别 性别 识别 告别 类别 个别 无锡 别的 不列颠 不丹 不来梅 无疑 无人机 无限 不断 不久 未婚 不动产 没收 莫名 莫扎特 莫里 莫尔 莫尼 莫迪 莫桑比克 萨莫 非凡 非常 不锈钢 莫斯科'.split(
    ' ',
  )
