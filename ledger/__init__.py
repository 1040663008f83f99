"""小红花 Red Flower: the domain, without HTTP.

Glossary (the one place; zh · en)
=================================
社区 community      the tenant; first part of every key
账户 account        a holder's place in the books, of one kind and one unit
单位 unit           points (红花, 朵), fen (分, 1/100 yuan) or minutes (分钟); a balance never mixes units
余额 balance        credits - debits: what the community owes the holder
转账 transfer       one immutable movement of an amount from a debit to a credit account of the same unit
借方 debit          the account that gives
贷方 credit         the account that receives
冻结 hold           an amount set aside until it is posted, voided or expired
冲正 reverse        a transfer that takes back (a part of) an earlier one; nothing is ever edited
更正 correction     the same, as the member reads of it whose flowers they were
还欠 debt           what a member still has to give back after a spent award was undone
抵还 repay          what the next award pays back of a debt, before the rest can be spent
批次 cohort         the points of a wallet that can be used until the same day
到期 expiry         what was not used by its cohort's last day leaves the wallet; 能用到 names that last day
动用 draw           from which cohort a transfer or a hold took; what comes back goes back there
签到 check-in       one visit: who, which activity, in and out, and how well it is evidenced
证据等级 evidence   coordinator_scan > live_code > poster_located > poster > later
每天一反馈 daily feedback   what the holder of a post says of their part each day; 请假 excused when nothing is awaited
盖章 stamp          the community's word that a check-in was service; it awards points and minutes
异议 objection       a member's word that the record of a visit is wrong; answered in five working days, moves no points
协议 agreement      the versioned contract between a community and a merchant
礼遇 offer          what a shop gives for points, under an agreement version
兑换 redemption     reserved -> confirmed | cancelled | expired; confirmed -> refunded_part | refunded
对账单 statement    what happened on an account or with a merchant in a period, as known at a moment
结算 settlement     one merchant's statement of one week: draft -> issued -> confirmed -> approved -> paid -> reconciled
发生时间 took effect, 入账时间 recorded   when it counts, and when it was written (effective_at, recorded_at)
封账 seal           every transfer gets its place in the community's tree; at midnight a checkpoint fixes the day
指纹 checkpoint     the published text of a day's seal: how many transfers, and the root that they give
入账证明 proof of entry   the page and file that prove one transfer by its day's checkpoint
凭证 receipt        what a member shows at the counter for a redemption; proves nothing of the books
截至 known at       up to which recorded transfers a statement tells; asked for again it says the same
汇总 rollup         what moved on an account in a day, a month, a year
核对 check          a named question that the books answer with nothing when all is well, else with findings
代办 helper         a named relative who may act for a member, in the open
监护人 guardian     the helper who answers for a child under fourteen, and consents in its place
红花卡 card         the paper card with code and PIN; and ten places, each a flower for one stamped service
更正要求 correction request   a member says what is wrong in the record of them; staff put it right or say why not
异常提示 flag        what a detector found odd; its redemptions wait for the treasurer, a fortnight at most
月度总结 summary      a month in figures: draft (computed) -> signed (frozen, the month closed) -> published
服务证明 certificate   what a member served, under a number that anybody verifies: asked -> issued -> revoked | declined
公示栏 notice board    what anybody may read of a community without signing in
本人 / 经办 owner / actor   whose it is / who did it; every write knows both
"""
