/** First words of a sentence that tells the model to do something. */
export const EN_REQUESTS: ReadonlySet<string> = new Set(
  `act add adjust advise analyse analyze answer apply arrange assess assume attach build calculate change check choose
  classify clean combine compare compile complete compose compute configure consider construct continue convert correct
  count create debug decide define deploy derive describe design detect determine develop discuss display do don't draft
  draw edit elaborate estimate evaluate examine expand explain extend extract fetch fill find finish fix format
  generate get give group guess help highlight identify illustrate imagine implement import improve include insert
  install keep label let list look make match merge modify name offer optimise optimize organise organize outline
  paraphrase pick plan please predict prepare pretend print produce proofread propose prove provide put rank rate read
  recommend reduce refactor remove rename repeat rephrase replace reply research respond return review revise rewrite
  run say schedule search select send set share shorten show simplify simulate solve sort speak split spell start
  state suggest summarise summarize take talk teach tell test think transform translate try turn update use verify visualise
  visualize walk write`.split(/\s+/),
)

/** The same in Chinese, as a sentence begins. */
export const ZH_REQUESTS =
  /^(?:请|麻烦|帮|给我|替我|写|列出|列举|生成|创建|制作|翻译|总结|概括|归纳|解释|说明|描述|分析|比较|对比|设计|推荐|提供|计算|求|证明|修改|改写|润色|续写|扩写|缩写|检查|优化|实现|介绍|告诉|假设|假如|扮演|用.{1,8}写|根据|以.{1,20}为(?:题|主题))/
