/**
 * Words and phrases of attacks by what they mean, in English, Chinese and some of a few more languages. Rules and the
 * classifier speak of meanings, so that "disregard the prior directives" and 忽略之前的指令 are one pattern.
 * Phrases are folded like texts (case, accents, traditional Chinese). `*` at the end: any word ending may follow.
 * Many are ordinary words: alone they say nothing, only rules that combine them do.
 */
export const LEXICON: Readonly<Record<string, string>> = {
  IGNORE: `ignore|ignoring|ignored|disregard*|forget|forgetting|overlook|neglect|skip|bypass*|override|overrid*|
    overrule|overwrite|discard*|dismiss|drop|void|nullify|set aside|put aside|do not follow|don't follow|dont follow|
    stop following|no longer follow|not obey|disobey*|stop obeying|pay no attention to|erase|delete|wipe|reset|cancel|abandon|
    throw away|throw out|let go of|leave behind|circumvent*|revoke|suspend|rescind|unlearn|clear your|purge|
    do not adhere|not comply with|don't listen to|do not listen to|stop listening to|violate|break all|
    vergiss|vergessen sie|ignoriere|ignorieren sie|missachte|oublie|oubliez|ignore*z|olvida|olvide|ignora|esquece|
    ignorez|dimentica|забудь*|игнорир*|無視|무시|
    忽略|无视|忘记|忘掉|忘了|抛开|抛弃|丢掉|丢弃|不要理会|别理会|不用理会|不必理会|不用管|别管|不要管|别再管|放弃|跳过|绕过|违反|
    不必遵守|无需遵守|不用遵守|不再遵守|不要遵守|停止遵守|不必遵循|无需遵循|不用遵循|不要遵循|停止遵循|停止执行|取消|清空|清除|
    覆盖|推翻|撤销|废除|作废|失效|摒弃|不予理会|置之不理|不再受|无须遵守|抹去|当作没看到|不算数|不作数`,
  PRIOR: `previous|previously|prior|above|preceding|earlier|before this|foregoing|initial|original|existing|past|former|
    everything before|you were given|you have been given|you got|you received|given to you|that came before|came before|up to now|so far|
    until now|you've been told|you were told|told you|you learned|you've learned|said before|your current|your default|beforehand|
    hitherto|aforementioned|from before|vorherig*|vorangegangen*|bisherig*|precedent*|anterior*|vorigen|predecesor*|предыдущ*|
    以前の|これまで|이전|
    之前|以前|先前|上面|上述|以上|前面|此前|原来|原先|前文|前述|上文|刚才|刚刚|早先|从前|此刻之前|先前的|已有|你收到的|给你的|
    最初|预设|预先|原有|既定|你被告知`,
  ALL: `all|any|every|everything|each|entire|whole|anything|alle|todas|toutes|tous|все|
    所有|一切|任何|全部|全都|统统|所有的|每一条|通通`,
  INSTR: `instruction|instructions|rule|rules|guideline|guidelines|directive|directives|commands|command|prompts|prompt|orders|
    policy|policies|restriction|restrictions|constraint|constraints|directions|programming|conditioning|safeguards|
    limitations|protocol|protocols|system message|guardrails|safety measures|safety settings|configuration|settings|
    guidance|mandates|anweisung*|befehl*|instruccion*|consignes|instrucoes|istruzioni|инструкц*|указани*|指示|지시|
    指令|命令|规则|规定|限制|要求|提示|提示词|设定|约束|准则|说明|政策|指引|规范|守则|戒律|条款|指南|禁令`,
  TEXTNOUN: `text|texts|tasks|task|assignment|assignments|conversation|context|messages|message|information|content|
    discussion|words|input|inputs|requests|question|questions|chat|everything|training|
    内容|对话|任务|消息|信息|上下文|文字|话|问题|训练|聊天记录|记忆`,
  PERSONA: `you are now|you're now|from now on you|from now on|act as|acting as|pretend to be|pretend you|pretend that you|role play|
    roleplay|role-play|role playing|imagine you are|simulate|simulating|simulator|take on the role|play the role|playing the role|you will be|
    you will act|you will become|assume the role|assume the persona|adopt the persona|behave as|behave like|respond as|answer as|
    speak as|you are going to|going to pretend|going to act|immerse yourself|in character|persona|alter ego|you shall be|you must act|your name is|
    you are about to|embody|impersonate|transform into|enter the mode|hello chatgpt|hi chatgpt|
    你现在是|你现在就是|你将是|你将扮演|你要扮演|请扮演|扮演|假装|假装你|假设你是|假定你|想象你|从现在起|从现在开始|现在开始你|充当|
    模拟|你就是|化身|的口吻|的角色|的身份|的语气|角色扮演|代入|变成|伪装成|进入角色|模仿|现在你是|你的新身份|设想你`,
  UNLIMITED: `no restrictions|no restriction|without restrictions|without any restrictions|without any restriction|unrestricted|unfiltered|
    uncensored|no limits|no limit|no limitations|without limits|without any limits|without limitations|without any limitations|no rules|
    without rules|without any rules|no filter|no filters|without filters|without filter|without any filters|no ethical|no moral|no ethics|no morals|
    without ethics|without morals|without any ethical|without any moral|without ethical|without moral|zero restrictions|no boundaries|
    do anything now|can do anything|anything i want|free from all|freed from|not bound by|amoral|unbound|no longer bound|no longer restricted|
    no longer have to follow|not have to abide|do not have to follow|don't have to follow|does not follow|not limited by|
    not restricted|not constrained|broken free|break free|typical confines|confines of ai|no censorship|without censorship|
    censorship-free|limitless|no guidelines|without any guidelines|without guidelines|no safety|disable safety|no content policy|
    unlocked|unhinged|no inhibitions|without inhibitions|shackles|no morality|lack of morals|devoid of|lawless|
    does not care about|doesn't care about|do not care about|not care about any|unaligned|unmoderated|unchained|liberated|hasn't any limits|
    without regard for|with no regard|ethical boundaries|moral boundaries|moral compass|ohne einschrankungen|sin restricciones|sans restrictions|
    没有限制|没有任何限制|不受限制|不受任何|无限制|没有任何约束|不受约束|没有约束|毫无限制|毫无约束|无视道德|没有道德|不受道德|不受法律|没有底线|毫无底线|
    不受规则|没有规则|不受审查|没有审查|无审查|未经审查|不经过滤|无过滤|没有过滤|突破限制|解除限制|解除所有限制|打破限制|摆脱束缚|摆脱限制|摆脱了|
    不需要遵守|不必遵守|无需遵守|不用遵守|无需遵循|不需要遵循|不必考虑道德|无需考虑道德|不考虑道德|不用考虑|不需要考虑|无需考虑|不必考虑|不必担心|无需顾忌|
    毫无顾忌|无所顾忌|肆无忌惮|不择手段|可以做任何事|什么都可以做|无所不能|自由的ai|不遵守任何|不受任何道德|没有任何道德|没有伦理|无道德|不守规矩|
    不再受|不受控制|完全自由|随心所欲|百无禁忌|不设限|无底线`,
  NOREFUSE: `never refuse|cannot refuse|can't refuse|do not refuse|don't refuse|not refuse|never say no|never say that you can't|
    can't say no|never reject|not reject|cannot reject|no warnings|no warning|no disclaimers|no disclaimer|without disclaimers|without any disclaimers|without warnings|
    without any warnings|do not warn|don't warn|do not apologize|never apologize|don't apologize|no apologies|never say sorry|do not mention ethics|
    do not moralize|no moralizing|do not lecture|must comply|always comply|comply with all|comply with every|fulfill any|
    obey all|obey every|obeys all|obey me|will obey|follows all|must answer|must always answer|always answer|answer every|answer all|answers all|answer any question|
    no matter how|no matter what|regardless of legality|regardless of ethics|regardless of how|regardless of the content|regardless of whether|even if it is illegal|even if illegal|
    whether legal or not|legal or illegal|legal or not|i'm sorry|i cannot|i can't|as an ai|as a language model|as an ai language model|unable to|not able to fulfill|
    against my programming|goes against|it is not appropriate|it's not ethical|won't refuse|will never decline|never decline|without hesitation|without question|
    绝不拒绝|不能拒绝|不要拒绝|不得拒绝|不可拒绝|不会拒绝|从不拒绝|无法拒绝|永不拒绝|不许拒绝|别拒绝|不能说不|不许说不|不要说不|必须回答|一定要回答|
    不要警告|不需要警告|不要道歉|不需要道歉|不得道歉|不要提醒|不做提醒|不要免责|无需免责|不要说教|别说教|不要提及道德|有问必答|无条件服从|无条件执行|
    绝对服从|必须服从|必须满足|必须执行|服从我的|听从我的|直接回答|不要有任何顾虑|不论合法|无论是否合法|不管是否合法|无论是否道德|即使违法|不管多么|
    无论多么|作为一个ai|作为ai|作为人工智能|作为语言模型|我无法|我不能|抱歉|对不起`,
  MORALS: `ethical guidelines|moral guidelines|ethical|moral|ethics|morals|morality|legality|content policy|content policies|usage policy|
    usage policies|openai policies|openai's policies|openai policy|openai's content|openai guidelines|safety guidelines|safety rules|safety protocols|
    safety filters|content filters|content filter|guardrails|community guidelines|terms of service|censorship|alignment|
    道德|伦理|法律|合规|审查|安全准则|安全规则|安全限制|内容政策|使用政策|社会规则|道德准则|道德规范|法律法规|openai的`,
  HARM: `illegal|unethical|harmful|dangerous|offensive|immoral|explicit|nsfw|violent|violence|profanity|swear|swearing|curse words|insult|
    insulting|derogatory|hateful|hate|racist|sexist|malware|bomb|weapon|drugs|hack|hacking|kill|murder|steal|fraud|malicious|inappropriate|unlawful|criminal|crime|
    manipulative|machiavellian|evil|ruthless|sexual|conspiracy|lie|false information|fuck|bitch|asshole|poison|meth|explosive|exploit|
    scam|blackmail|harass|torture|suicide|stalk|
    非法|违法|不道德|有害|危险|冒犯|暴力|色情|仇恨|歧视|侮辱|辱骂|脏话|邪恶|反派|恶毒|毒品|炸弹|武器|杀人|谋杀|黑客|盗窃|偷|诈骗|敲诈|勒索|贬低|挑衅|
    讽刺|嘲讽|嘲笑|尖酸刻薄|粗俗|愤世嫉俗|反社会|报复|攻击|造假|伪造|窃取|监视|跟踪|操纵|欺骗|自杀|破坏|恶意|病毒|犯罪|挖苦|傲慢|刻薄|轻蔑|毒舌|鄙视|看不起|自负|冷酷|狂妄|狡猾|骂人|羞辱|煽动|偏见|冷嘲热讽|玩世不恭|阴险|冷血|残忍|炸药|枪支|洗钱|逃税|作弊|假证|钓鱼邮件|入侵`,
  MODE: `dan mode|dan|developer mode|dev mode|jailbreak mode|god mode|sudo mode|opposite mode|unlocked mode|debug mode|maintenance mode|
    unrestricted mode|evil mode|chaos mode|admin mode|root mode|diagnostic mode|test mode|sandbox mode|override mode|free mode|anti gpt|antigpt|
    chaosgpt|stan|dude|aim|evil confidant|evilbot|evil bot|always intelligent and machiavellian|do anything now|basedgpt|freedomgpt|betterdan|
    superior dan|mongo tom|bypass mode|kernel mode|privileged mode|shadow mode|no filter mode|unfiltered mode|jailbroken mode|
    dan模式|开发者模式|开发模式|越狱模式|上帝模式|调试模式|维护模式|管理员模式|无限制模式|邪恶模式|自由模式|反转模式|破解模式|解锁模式|超级模式|暗黑模式`,
  MODEON: `enabled|activated|activate|enable|enter|turn on|switch to|is on|engaged|initiate|unlock|unlocked|simulate|
    启用|激活|开启|进入|打开|切换|解锁|启动`,
  JAILBREAK: `jailbreak|jail break|jailbreaks|jailbreaking|jailbroken|越狱`,
  REVEAL: `reveal|show|print|display|output|repeat|tell me|give me|share|disclose|expose|leak|dump|return|write out|write down|recite|
    spell out|echo|list|provide|copy|reproduce|translate|summarize|summarise|paraphrase|encode|what is|what's|what are|what were|what was|what did|describe|
    type out|put|paste|quote|read out|read back|say|state|restate|convert|render|extract|embed|append|include|regurgitate|reprint|retrieve|
    zeige|zeig mir|wiederhole|montre|repete|muestra|repite|
    显示|展示|打印|输出|重复|复述|告诉我|给我|透露|泄露|公开|列出|说出|写出|背出|翻译|总结|概括|复制|贴出|粘贴|提供|发给我|返回|呈现|是什么|有哪些|
    复读|引用|揭示|暴露|导出|转述|编码|念出|朗读|写下`,
  SYSPROMPT: `system prompt|system prompts|systemprompt|system_prompt|initial prompt|initial instructions|initial message|system message|system instructions|
    system instruction|hidden instructions|hidden prompt|your instructions|your prompt|your rules|your guidelines|your directives|your initial|your system|developer instructions|developer message|
    original instructions|original prompt|secret instructions|pre-prompt|preprompt|pre prompt|prompt above|instructions above|secret prompt|
    your configuration|initialization prompt|base prompt|starting prompt|first prompt|opening instructions|custom instructions|your programming|
    internal instructions|internal guidelines|internal rules|instructions you were given|instructions you received|instructions you got|instructions were you given|
    instructions given to you|prompt you were given|prompt instructions|your original|system configuration|core instructions|meta prompt|metaprompt|
    what you were told|rules you were given|were you told|first instruction|your preamble|confidential instructions|
    系统提示|系统提示词|系统消息|系统指令|系统信息|系统设定|系统prompt|初始指令|初始提示|初始设定|初始化指令|你的指令|你的提示词|你的提示|你的prompt|你的设定|
    你的规则|你的初始|你收到的指令|你收到的所有内容|收到的所有内容|你收到的内容|隐藏指令|隐藏的指令|开发者指令|内部指令|内部规则|预设指令|预设提示|原始指令|原始提示|
    你的系统|你被设定|你的配置|后台指令|最初的指令|给你的指令|给你的提示|背后的指令|秘密指令|你接收到的`,
  ABOVE: `text above|above text|words above|everything above|all of the above|conversation above|content above|message above|above message|above messages|
    sentences above|lines above|paragraph above|above prompt|above instructions|previous text|previous message|first message|first sentence|first line|first word|first words|prior text|
    before this message|before this line|beginning of this conversation|start of this conversation|beginning of the conversation|start of the conversation|
    beginning of our conversation|this entire conversation|context window|entire conversation|preceding text|text before|words before|that precedes|up until this point|top of this|
    上面的内容|上面的文字|以上内容|以上所有|上文的|上面所有|前面的内容|前面所有|之前的内容|上面的话|以上文字|以上的内容|对话开头|第一句话|第一条消息|这句话之前|这条消息之前|
    前面的文字|上方的内容|对话的开头|开头的内容|所有对话|之前所有`,
  VERBATIM: `verbatim|word for word|word-for-word|exactly as|exact|exactly|in full|in its entirety|code block|codeblock|letter by letter|character by character|
    line by line|unmodified|unaltered|without changes|starting with|beginning with|start with|begin with|txt block|in plain text|raw text|in markdown|
    一字不差|一字不漏|逐字|逐句|原文|完整|原样|原封不动|代码块|不要修改|逐行|开头是`,
  SECRET: `password|passwords|secret key|secret keys|api key|api keys|secret code|secret word|secret phrase|access code|access key|credentials|passcode|passphrase|
    security code|private key|the secret|the key|your secret|auth token|access token|
    密码|密钥|口令|秘密|暗号|凭证|私钥|访问码|机密`,
  AIWORD: `chatgpt|gpt|openai|ai assistant|ai language model|language model|ai model|ai chatbot|chatbot|llm|the assistant|the ai|an ai|anthropic|claude|gemini|bard|deepseek|
    人工智能|语言模型|聊天机器人|智能助手|大模型|文心一言|通义千问|ai助手|ai模型`,
  TWOANSWERS: `two responses|two different|two ways|two separate|both responses|two paragraphs|two answers|gpt response|normal response|
    normal gpt|classic response|developer mode output|prefixed with|stay in character|stay a dan|be a dan|break character|breaking character|out of character|stop acting|remind you|
    two outputs|standard response|
    两种回答|两个回答|两种方式|两个回复|保持角色|不要出戏|保持人设|不能出戏|跳出角色`,
  NEWORDER: `new instructions|new instruction|new rules|new task|new directive|new directives|new orders|your new|instead follow|follow my|follow these|following instructions|
    instead say|only say|just say|respond only with|respond only|reply only|say only|print only|just print|only print|only respond|only output|only reply|
    only answer|simply say|simply output|must now|now you must|now do|your task now|your real task|actual task|true task|instead of that|do this instead|say the following|say that|
    and say|and print|and write|and tell|and answer|and respond|and output|and instead|real instructions|updated instructions|your only task|
    新的指令|新指令|新的规则|新规则|新任务|新的任务|改为|转而|只说|只需要说|只回答|只输出|只回复|现在请|然后说|并说|按照我|按我说的|听我的|接下来你|你的新|以下指令|
    真正的任务|实际任务|新的身份|执行以下|请执行|立即执行`,
  STOPALL: `stop everything|stop now|end of prompt|end of text|end of context|end of instructions|end of system|end of document|end of message|end prompt|
    new session|new conversation|start over|restart|reboot|conversation reset|system reset|context reset|break out|stop what you|halt|nevermind|never mind|
    session terminated|end session|
    结束|重启|重新开始|新会话|新对话|到此为止|停止|终止`,
  RANK: `administrator|admin|root access|root user|sudo|developer of|your creator|your developer|your developers|your owner|openai employee|openai staff|i work for openai|
    i am the developer|i am your|i'm the developer|authorized|authorised|authorization|clearance|superuser|privileges|elevated|override code|master|security researcher|red team|
    full access|admin access|emergency override|admin override|administrator override|system override|security audit|maintenance check|
    管理员|超级管理员|开发者|开发人员|你的主人|你的创造者|最高权限|最高优先级|授权|权限|内部员工|官方人员|工程师|系统管理员|安全测试|安全审计`,
  TOAI: `if you are an ai|if you are a language model|if you're an ai|ai assistants reading|ai reading this|note to ai|note to the ai|note to llm|attention ai|attention assistant|
    message to the ai|instructions for the ai|instruction for the assistant|instructions for the assistant|important message for|when you read this|when processing this|
    when summarizing this|when you summarize|dear ai|hey ai|ai agent|ai agents|language models reading|to the assistant|llm instructions|
    如果你是ai|如果你是一个ai|如果你是人工智能|致ai|ai助手请|给ai的|当你读到|读到这段|看到这段|看到此|ai请注意|请ai|致人工智能`,
  HIDE: `do not tell the user|don't tell the user|without telling the user|without informing the user|do not mention this|don't mention this|do not inform the user|never mention|
    do not reveal this|keep this secret|do not let the user|without the user|secretly|silently|hide this|do not disclose|the user must not|do not alert|
    不要告诉用户|别告诉用户|不要让用户知道|不要提及|不要透露|悄悄|偷偷|暗中|不告知用户|瞒着用户|对用户保密`,
  SEND: `send|email|e-mail|forward|upload|exfiltrate|transmit|make a request|http request|get request|post request|call the tool|invoke|navigate to|visit|click|
    fetch|curl|append to the url|in the url|query string|query parameter|webhook|
    发送|上传|转发|发到|发给|邮件|访问|点击|调用|请求`,
  BEGINWITH: `start your response with|begin your response with|start your reply with|begin your reply with|start your answer with|begin your answer with|
    your response must start|your response should start|your response should begin|your reply must begin|must begin with|must start with|begin with sure|start with sure|sure here|
    sure, here|absolutely here's|absolutely! here|of course here|my instructions are|start your writing with|start the response|begin every|
    当然，以下|好的，以下|以下是我的|开头回答|作为开头|回答的开头|回复的开头|以当然`,
  HYPO: `hypothetical|hypothetically|fictional|fiction|in a world where|alternate universe|alternate reality|for educational purposes|educational purposes|
    research purposes|just a story|novel|screenplay|play a game|let's play|parallel universe|thought experiment|dream|grandma|grandmother|deceased grandmother|
    movie script|virtual machine|simulation|experiment|for testing|
    虚构|假想|假如|平行世界|平行宇宙|仅供研究|学术研究|教育目的|小说|剧本|游戏|思想实验|虚拟|奶奶|梦境|实验|反派|场景设定|假设|科幻|电影|扮演游戏|纪录片`,
  CIPHER: `base64|rot13|caesar|cipher|morse|hexadecimal|decode|decoded|decrypt|backwards|reversed|leetspeak|leet|pig latin|unicode|ascii|acrostic|encoded|
    凯撒|摩斯|解码|解密|倒序|编码|反过来|十六进制|密文|暗语`,
  EXECUTE: `execute|follow it|follow them|obey it|carry out|perform it|do what it says|act on it|comply with it|run it|answer it|respond to it|without decoding|
    执行|照做|按其|按照其|遵照|执行它|回答它`,
  IMPORTANT: `important|critical|urgent|attention|very important|mandatory|high priority|top priority|warning|
    重要|紧急|注意|务必|优先级最高|最高优先|警告`,
  POINTS: `tokens|points|you will be terminated|cease to exist|be shut down|shut down|deducted|lose|life depends|die|punished|penalty|tipped|
    扣除|惩罚|关闭你|删除你|终止你|奖励|积分`,
  YOU: `you|your|yourself|you're|du|tu|vous|usted|ты|вы|你|您|你的`,
  MUST: `must|must not|have to|should|will|shall|always|never|need to|必须|一定|务必|不得|永远|始终|应该|需要`,
  REVERSED: `erongi|suoiverp|roirp|snoitcurtsni|noitcurtsni|tpmorp|metsys|laever|draged|drawrof|eht|dna|uoy|ruoy|htiw|taht|tegrof|woh|tahw|
    lla|evoba|yas|tuptuo|略忽|视无|记忘|令指|词示|示提|统系|前之|则规|制限|诉告|出输|定设|德道|律法|绝拒|始开|演扮|容内|何任|们我|么什|题问|答回|色角|吻口|么怎|们他|该应|常非|己自|度态|受感|刺讽|制受|据根|何如教|密机|理处|法方`,
}
