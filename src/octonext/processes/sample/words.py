"""The words that sample products are made of, English and Arabic side by side.

A shelf has goods (name, size, price) and kinds of them; each good is offered in some of the kinds.
Prices are the order of magnitude of a Kuwaiti supermarket, in fils.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Good:
    """A thing on a shelf; `price_fils` per piece or per kilogram."""

    en: str
    ar: str
    size_en: str
    size_ar: str
    price_fils: int
    unit: str = "piece"


@dataclass(frozen=True)
class Shelf:
    """A category: its goods, and the kinds (English, Arabic) in which they come."""

    code: str
    en: str
    ar: str
    goods: tuple[Good, ...]
    kinds: tuple[tuple[str, str], ...]


_PLAIN = ("", "")

SHELVES: tuple[Shelf, ...] = (
    Shelf(
        "DAIRY", "Dairy", "ألبان",
        (
            Good("Milk", "حليب", "1 L", "1 لتر", 420), Good("Milk", "حليب", "2 L", "2 لتر", 790),
            Good("Laban", "لبن", "1 L", "1 لتر", 400), Good("Labneh", "لبنة", "500 g", "500 غرام", 850),
            Good("Yoghurt", "زبادي", "170 g", "170 غرام", 120),
            Good("Halloumi", "جبنة حلوم", "250 g", "250 غرام", 1150),
            Good("White Cheese", "جبنة بيضاء", "500 g", "500 غرام", 1350),
            Good("Butter", "زبدة", "200 g", "200 غرام", 750),
            Good("Whipping Cream", "كريمة خفق", "500 ml", "500 مل", 980),
        ),
        (("Full Fat", "كامل الدسم"), ("Low Fat", "قليل الدسم"), ("Lactose Free", "خالي اللاكتوز"),
         ("Organic", "عضوي"), ("Extra Creamy", "كريمي")),
    ),
    Shelf(
        "BAKERY", "Bakery", "مخبوزات",
        (
            Good("Arabic Bread", "خبز عربي", "5 pieces", "5 حبات", 150),
            Good("Samoon", "صمون", "6 pieces", "6 حبات", 250),
            Good("Toast Bread", "خبز توست", "600 g", "600 غرام", 480),
            Good("Tortilla", "تورتيلا", "8 pieces", "8 حبات", 690),
            Good("Croissant", "كرواسون", "4 pieces", "4 حبات", 850),
            Good("Rusk", "بقصم", "400 g", "400 غرام", 520),
        ),
        (("White", "أبيض"), ("Brown", "أسمر"), ("Multigrain", "متعدد الحبوب"), ("Sesame", "بالسمسم"),
         ("Oat", "بالشوفان")),
    ),
    Shelf(
        "RICE", "Rice, Pulses and Grain", "أرز وبقوليات وحبوب",
        (
            Good("Basmati Rice", "أرز بسمتي", "5 kg", "5 كغ", 3950),
            Good("Basmati Rice", "أرز بسمتي", "1 kg", "1 كغ", 890),
            Good("Egyptian Rice", "أرز مصري", "2 kg", "2 كغ", 1250),
            Good("Red Lentils", "عدس أحمر", "1 kg", "1 كغ", 650),
            Good("Chickpeas", "حمص", "1 kg", "1 كغ", 720),
            Good("Bulgur", "برغل", "1 kg", "1 كغ", 560),
            Good("Jareesh", "جريش", "1 kg", "1 كغ", 600),
            Good("Wheat Flour", "طحين قمح", "2 kg", "2 كغ", 480),
        ),
        (("Classic", "كلاسيك"), ("Premium", "فاخر"), ("Value Pack", "عبوة توفير"), ("Organic", "عضوي"),
         ("Family Pack", "عبوة عائلية")),
    ),
    Shelf(
        "COFFEE", "Coffee and Tea", "قهوة وشاي",
        (
            Good("Arabic Coffee", "قهوة عربية", "250 g", "250 غرام", 2100),
            Good("Arabic Coffee", "قهوة عربية", "500 g", "500 غرام", 3900),
            Good("Turkish Coffee", "قهوة تركية", "250 g", "250 غرام", 1850),
            Good("Black Tea", "شاي أسود", "100 bags", "100 كيس", 1450),
            Good("Green Tea", "شاي أخضر", "50 bags", "50 كيس", 1100),
            Good("Karak Mix", "خلطة كرك", "10 sachets", "10 أظرف", 980),
        ),
        (_PLAIN, ("with Cardamom", "بالهيل"), ("with Saffron", "بالزعفران"), ("with Mint", "بالنعناع"),
         ("Dark Roast", "تحميص غامق")),
    ),
    Shelf(
        "DATES", "Dates and Nuts", "تمور ومكسرات",
        (
            Good("Sukkari Dates", "تمر سكري", "per kg", "بالكيلو", 2200, "kg"),
            Good("Khalas Dates", "تمر خلاص", "per kg", "بالكيلو", 1900, "kg"),
            Good("Ajwa Dates", "تمر عجوة", "per kg", "بالكيلو", 4500, "kg"),
            Good("Pistachios", "فستق", "per kg", "بالكيلو", 6900, "kg"),
            Good("Cashews", "كاجو", "per kg", "بالكيلو", 4200, "kg"),
            Good("Almonds", "لوز", "per kg", "بالكيلو", 3800, "kg"),
            Good("Mixed Nuts", "مكسرات مشكلة", "per kg", "بالكيلو", 4600, "kg"),
        ),
        (("Select", "مختار"), ("Premium", "فاخر"), ("Daily", "يومي")),
    ),
    Shelf(
        "FRUIT", "Fruit", "فواكه",
        (
            Good("Bananas", "موز", "per kg", "بالكيلو", 420, "kg"),
            Good("Apples", "تفاح", "per kg", "بالكيلو", 690, "kg"),
            Good("Oranges", "برتقال", "per kg", "بالكيلو", 480, "kg"),
            Good("Mangoes", "مانجو", "per kg", "بالكيلو", 1350, "kg"),
            Good("Grapes", "عنب", "per kg", "بالكيلو", 990, "kg"),
            Good("Watermelon", "بطيخ", "per kg", "بالكيلو", 250, "kg"),
            Good("Pomegranate", "رمان", "per kg", "بالكيلو", 890, "kg"),
        ),
        (("Local", "محلي"), ("Imported", "مستورد"), ("Organic", "عضوي")),
    ),
    Shelf(
        "VEG", "Vegetables", "خضروات",
        (
            Good("Tomatoes", "طماطم", "per kg", "بالكيلو", 350, "kg"),
            Good("Cucumbers", "خيار", "per kg", "بالكيلو", 320, "kg"),
            Good("Onions", "بصل", "per kg", "بالكيلو", 180, "kg"),
            Good("Potatoes", "بطاطس", "per kg", "بالكيلو", 220, "kg"),
            Good("Aubergines", "باذنجان", "per kg", "بالكيلو", 390, "kg"),
            Good("Okra", "بامية", "per kg", "بالكيلو", 1250, "kg"),
            Good("Coriander Bunch", "كزبرة", "1 bunch", "1 حزمة", 100),
            Good("Parsley Bunch", "بقدونس", "1 bunch", "1 حزمة", 100),
        ),
        (("Local", "محلي"), ("Imported", "مستورد"), ("Organic", "عضوي")),
    ),
    Shelf(
        "MEAT", "Meat, Poultry and Fish", "لحوم ودواجن وأسماك",
        (
            Good("Lamb Leg", "فخذ غنم", "per kg", "بالكيلو", 4900, "kg"),
            Good("Beef Mince", "لحم بقر مفروم", "per kg", "بالكيلو", 3200, "kg"),
            Good("Chicken Breast", "صدور دجاج", "per kg", "بالكيلو", 2100, "kg"),
            Good("Whole Chicken", "دجاج كامل", "1 kg", "1 كغ", 1350),
            Good("Shrimps", "روبيان", "per kg", "بالكيلو", 4800, "kg"),
            Good("Hamour Fillet", "فيليه هامور", "per kg", "بالكيلو", 5600, "kg"),
        ),
        (("Fresh", "طازج"), ("Chilled", "مبرد"), ("Frozen", "مجمد"), ("Marinated", "متبل")),
    ),
    Shelf(
        "SPICES", "Spices and Sauces", "بهارات وصلصات",
        (
            Good("Kabsa Spice", "بهارات كبسة", "200 g", "200 غرام", 650),
            Good("Baharat", "بهارات مشكلة", "200 g", "200 غرام", 590),
            Good("Turmeric", "كركم", "200 g", "200 غرام", 480),
            Good("Cumin", "كمون", "200 g", "200 غرام", 520),
            Good("Tahini", "طحينة", "400 g", "400 غرام", 990),
            Good("Tomato Paste", "معجون طماطم", "8 x 135 g", "8 × 135 غرام", 750),
            Good("Hot Sauce", "صلصة حارة", "190 ml", "190 مل", 430),
            Good("Pomegranate Molasses", "دبس رمان", "500 ml", "500 مل", 1150),
        ),
        (("Classic", "كلاسيك"), ("Mild", "خفيف"), ("Hot", "حار"), ("Value Pack", "عبوة توفير"),
         ("Organic", "عضوي")),
    ),
    Shelf(
        "DRINKS", "Water and Soft Drinks", "مياه ومشروبات",
        (
            Good("Drinking Water", "مياه شرب", "1.5 L", "1.5 لتر", 150),
            Good("Drinking Water", "مياه شرب", "12 x 500 ml", "12 × 500 مل", 950),
            Good("Lemonade", "ليمونادة", "330 ml", "330 مل", 150),
            Good("Orange Juice", "عصير برتقال", "1 L", "1 لتر", 690),
            Good("Mango Nectar", "نكتار مانجو", "1 L", "1 لتر", 620),
            Good("Malt Drink", "شراب شعير", "330 ml", "330 مل", 200),
            Good("Tamarind Drink", "شراب تمر هندي", "1 L", "1 لتر", 750),
        ),
        (("Original", "أصلي"), ("Sugar Free", "بدون سكر"), ("with Mint", "بالنعناع"), ("Sparkling", "فوار"),
         ("Family Pack", "عبوة عائلية")),
    ),
    Shelf(
        "SWEETS", "Sweets and Snacks", "حلويات ومقرمشات",
        (
            Good("Baklava", "بقلاوة", "500 g", "500 غرام", 2450),
            Good("Maamoul", "معمول", "12 pieces", "12 حبة", 1650),
            Good("Halva", "حلاوة طحينية", "500 g", "500 غرام", 1250),
            Good("Rahash", "رهش", "400 g", "400 غرام", 1400),
            Good("Sesame Bar", "سمسمية", "40 g", "40 غرام", 150),
            Good("Date Biscuits", "بسكويت تمر", "300 g", "300 غرام", 550),
            Good("Chocolate Bar", "لوح شوكولاتة", "100 g", "100 غرام", 650),
        ),
        (("Classic", "كلاسيك"), ("with Pistachio", "بالفستق"), ("with Honey", "بالعسل"),
         ("Sugar Free", "بدون سكر"), ("with Dates", "بالتمر")),
    ),
    Shelf(
        "HOME", "Cleaning and Household", "منظفات ومنزل",
        (
            Good("Dish Soap", "سائل جلي", "1 L", "1 لتر", 690),
            Good("Laundry Powder", "مسحوق غسيل", "3 kg", "3 كغ", 2450),
            Good("Floor Cleaner", "منظف أرضيات", "2 L", "2 لتر", 1150),
            Good("Facial Tissue", "مناديل وجه", "5 x 200", "5 × 200", 990),
            Good("Kitchen Roll", "مناديل مطبخ", "4 rolls", "4 رولات", 1050),
            Good("Bin Bags", "أكياس نفايات", "30 pieces", "30 كيس", 790),
            Good("Air Freshener", "معطر جو", "300 ml", "300 مل", 890),
        ),
        (("Lemon", "ليمون"), ("Lavender", "لافندر"), ("Oud", "عود"), ("Unscented", "بدون رائحة"),
         ("Value Pack", "عبوة توفير")),
    ),
    Shelf(
        "CARE", "Personal Care", "عناية شخصية",
        (
            Good("Shampoo", "شامبو", "400 ml", "400 مل", 1450),
            Good("Shower Gel", "جل استحمام", "500 ml", "500 مل", 1250),
            Good("Hand Soap", "صابون يدين", "300 ml", "300 مل", 650),
            Good("Toothpaste", "معجون أسنان", "100 ml", "100 مل", 750),
            Good("Body Lotion", "لوشن للجسم", "400 ml", "400 مل", 1690),
            Good("Hair Oil", "زيت شعر", "200 ml", "200 مل", 1150),
        ),
        (("Aloe Vera", "صبار"), ("Rose", "ورد"), ("Olive", "زيتون"), ("Mint", "نعناع"), ("Argan", "أرغان"),
         ("Sensitive", "للبشرة الحساسة")),
    ),
)  # fmt: skip
