/** Arabic words for what went wrong: refusals of the engine, and errors of sync. */
import type { Translation } from "./dictionary";
import type { en } from "./en";

type Problems = Extract<keyof typeof en, `refusal.${string}` | `sync.error.${string}`>;

export const arProblems: Pick<Translation<typeof en>, Problems> = {
  "sync.error.unreachable":
    "تعذّر الوصول إلى الخادم. تحقق من كابل الشبكة أو الواي فاي؛ الجهاز يواصل المحاولة.",
  "sync.error.unknown_device": "لا يعرف الخادم هذا الجهاز بعد. يصبح جاهزًا عادةً خلال دقيقة.",
  "sync.error.no_progress":
    "الخادم يرد لكنه لا يستلم شيئًا. الجهاز يواصل المحاولة، وإن طال الأمر فأبلغ الدعم.",
  "sync.error.forked":
    "لدى الخادم مبيعات أخرى بأرقام هذا الجهاز. أوقف البيع هنا واتصل بالدعم: ربما نُسخ الجهاز.",
  "sync.error.fenced": "جهاز آخر يعمل الآن بدل هذا الجهاز. استخدم ذلك الجهاز أو اتصل بالدعم.",
  "sync.error.revoked": "أوقف المكتب الرئيسي هذا الجهاز. راجع مديرك.",
  "sync.error.bad_signature": "رفض الخادم توقيع هذا الجهاز. اتصل بالدعم؛ لم يُفقد شيء.",
  "sync.error.bad_chain": "رفض الخادم سجل هذا الجهاز. اتصل بالدعم؛ لم يُفقد شيء.",
  "sync.error.unknown_key": "لا يستطيع الخادم فتح قيود هذا الجهاز. اتصل بالدعم؛ لم يُفقد شيء.",
  "sync.error.bad_frame": "لا يتفاهم الجهاز مع الخادم. حدّث نقطة البيع أو اتصل بالدعم.",
  "sync.error.too_large": "يوجد قيد أكبر مما يقبله الخادم. اتصل بالدعم؛ لم يُفقد شيء.",
  "sync.error.overloaded": "الخادم مشغول. يعيد الجهاز المحاولة تلقائيًا.",
  "sync.error.storage": "تعذّرت على الجهاز قراءة تخزينه. افتحه من جديد، واتصل بالدعم إن استمر ذلك.",

  "refusal.approval_required": "يحتاج هذا إلى موافقة: {permission}.",
  "refusal.approval_invalid": "تلك الموافقة لعملية أخرى أو انتهت مدتها. اطلبها من جديد.",
  "refusal.wrong_pin": "رقم الموظف أو الرقم السري غير صحيح.",
  "refusal.wrong_pin.left": {
    zero: "الرقم غير صحيح. على هذا الموظف الآن تسجيل الدخول عبر الشبكة.",
    one: "الرقم غير صحيح. بقيت محاولة واحدة قبل اشتراط الدخول عبر الشبكة.",
    two: "الرقم غير صحيح. بقيت محاولتان قبل اشتراط الدخول عبر الشبكة.",
    few: "الرقم غير صحيح. بقيت {count} محاولات قبل اشتراط الدخول عبر الشبكة.",
    many: "الرقم غير صحيح. بقيت {count} محاولة قبل اشتراط الدخول عبر الشبكة.",
    other: "الرقم غير صحيح. بقيت {count} محاولة قبل اشتراط الدخول عبر الشبكة.",
  },
  "refusal.locked_out": "محاولات خاطئة كثيرة. انتظر قليلًا ثم أعد المحاولة.",
  "refusal.locked_out.until": "محاولات خاطئة كثيرة. أعد المحاولة بعد {span}.",
  "refusal.online_sign_in_needed":
    "على هذا الموظف تسجيل الدخول هنا مرة عبر الشبكة. صِل الجهاز بالشبكة وأعد المحاولة.",
  "refusal.offline": "يحتاج هذا إلى الشبكة، والجهاز غير متصل.",
  "refusal.not_permitted": "ليست لهذا الموظف صلاحية: {permission}.",
  "refusal.enrolment_refused":
    "هذا الرمز لا يعمل. ربما كُتب خطأً أو استُخدم أو انتهت مدته؛ اطلب رمزًا جديدًا من المكتب الرئيسي.",
  "refusal.unreachable": "تعذّر الوصول إلى الخادم. تحقق من الشبكة وأعد المحاولة.",
  "refusal.shift_open": "توجد وردية مفتوحة بالفعل.",
  "refusal.shift_not_open": "افتح وردية أولًا.",
  "refusal.locked": "الجهاز مقفل. سجّل الدخول أولًا.",
  "refusal.cart_not_empty": "السلة ليست فارغة. أكملها أو علّقها أو ألغها أولًا.",
  "refusal.cart_empty": "السلة فارغة.",
  "refusal.not_sellable": "لا يمكن بيع {name} هنا.",
  "refusal.not_sellable.no_price": "لا يوجد سعر اليوم للصنف {name} ولا يمكن بيعه.",
  "refusal.not_sellable.inactive": "الصنف {name} لم يعد يُباع.",
  "refusal.not_sellable.pieces_only": "يُباع {name} بالقطعة الكاملة فقط.",
  "refusal.not_sellable.unknown_tax": "نسبة ضريبة {name} غير معروفة لهذا الجهاز. أبلغ المكتب الرئيسي.",
  "refusal.discount_too_large": "هذا الخصم أكبر من المسموح.",
  "refusal.discount_too_large.max": "هذا الخصم أكبر من المسموح. الحد الأعلى {max}.",
  "refusal.quantity_invalid": "هذه الكمية غير ممكنة.",
  "refusal.amount_invalid": "هذا المبلغ غير ممكن.",
  "refusal.tender_missing": "ما زال المتبقي للدفع {left}.",
  "refusal.tender_too_much": "لا يمكن أن يتجاوز مبلغ {tender} ‏{due}.",
  "refusal.tender_unknown": "الدفع بطريقة {tender} غير مقبول هنا.",
  "refusal.reference_missing": "أدخل الرقم المرجعي من إيصال جهاز الدفع ({tender}).",
  "refusal.customer_missing": "اختر العميل أولًا.",
  "refusal.card_number": "يبدو هذا رقم بطاقة. لا تُكتب أرقام البطاقات هنا أبدًا.",
  "refusal.receipt_not_found": "لم يُعثر على الفاتورة {text}.",
  "refusal.other_currency":
    "دُفعت الفاتورة {number} بعملة {currency}. لا يمكن إرجاعها إلا في جهاز يعمل بهذه العملة.",
  "refusal.ask_later": "بحث هذا الجهاز عن فواتير كثيرة لأجهزة أخرى. أعد المحاولة بعد {span}.",
  "refusal.receipt_unreadable": "هذا ليس رقم فاتورة.",
  "refusal.return_too_much": "أقصى ما يمكن استرجاعه من البند {number} هو {max}.",
  "refusal.too_long": "هذا النص أطول من اللازم.",
  "refusal.storage_full": "قرص هذا الجهاز ممتلئ، ولم يُكتب شيء. أفرغ مساحة عليه ثم أعد المحاولة.",
  "refusal.storage_failed": "تعذّر الحفظ على الجهاز، فلم تتم العملية. أعد المحاولة. ({detail})",
  "refusal.damaged_file": "تعذّرت قراءة هذا الملف. ({detail})",
  "refusal.other_branch": "هذا الملف لجهاز في فرع آخر.",
  "refusal.internal": "لم تنجح العملية. أعد المحاولة، وإن تكرر ذلك فأبلغ الدعم: {detail}",
};
