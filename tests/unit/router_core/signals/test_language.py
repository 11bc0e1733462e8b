# ruff: noqa: E501, RUF001
"""Which language a prompt is in."""

import pytest

from router_core.signals import language
from router_core.signals.language import GLANCE_CHARACTERS, LANGUAGE_CHARACTERS, LANGUAGES, detect_language

PROSE = {
    "ar": "وصل القطار متأخرا هذا الصباح لأن الثلج غطى السكة. انتظر المسافرون في المحطة وشربوا الشاي الساخن.",
    "bg": "Влакът закъсня тази сутрин, защото сняг покриваше релсите. Пътниците чакаха на гарата и пиеха горещ чай.",
    "bn": "আজ সকালে ট্রেন দেরিতে এসেছে কারণ লাইনের উপর পানি জমে ছিল। যাত্রীরা স্টেশনে বসে গরম চা খেয়েছেন।",
    "ca": "El tren ha arribat tard aquest matí perquè hi havia neu a les vies. Els viatgers esperaven i bevien te calent.",
    "cs": "Vlak dnes ráno přijel pozdě, protože na kolejích ležel sníh. Cestující čekali na nádraží a pili horký čaj.",
    "da": "Toget kom for sent i morges, fordi der lå sne på skinnerne. De rejsende ventede på stationen og drak varm te.",
    "de": "Der Zug kam heute Morgen zu spät, weil Schnee auf den Schienen lag. Die Reisenden warteten und tranken Tee.",
    "el": "Το τρένο άργησε σήμερα το πρωί γιατί υπήρχε χιόνι στις γραμμές. Οι επιβάτες περίμεναν και έπιναν ζεστό τσάι.",
    "en": "The train was late this morning because snow lay on the tracks. The travellers waited and drank hot tea.",
    "es": "El tren llegó tarde esta mañana porque había nieve en las vías. Los viajeros esperaban y bebían té caliente.",
    "fa": "قطار امروز صبح دیر رسید چون برف روی ریل ها را پوشانده بود. مسافران در ایستگاه منتظر ماندند و چای داغ نوشیدند.",
    "fi": "Juna oli tänä aamuna myöhässä, koska kiskoilla oli lunta. Matkustajat odottivat asemalla ja joivat kuumaa teetä.",
    "fr": "Le train est arrivé en retard ce matin parce que la neige couvrait les rails. Les voyageurs buvaient du thé.",
    "he": "הרכבת איחרה הבוקר כי שלג כיסה את המסילה. הנוסעים חיכו בתחנה ושתו תה חם.",
    "hi": "आज सुबह ट्रेन देर से आई क्योंकि पटरियों पर पानी भरा था। यात्री स्टेशन पर बैठे रहे और गरम चाय पीते रहे।",
    "hr": "Vlak je jutros kasnio jer je na tračnicama bilo snijega. Putnici su čekali na kolodvoru i pili vrući čaj.",
    "hu": "A vonat ma reggel késett, mert hó borította a síneket. Az utasok az állomáson vártak, és forró teát ittak.",
    "id": "Kereta terlambat pagi ini karena rel tertutup air. Para penumpang menunggu di stasiun dan minum teh panas.",
    "it": "Il treno è arrivato tardi stamattina perché c'era la neve sui binari. I viaggiatori bevevano tè caldo.",
    "ja": "今朝は線路に雪が積もっていたので、電車が遅れました。乗客は駅で待ちながら、熱いお茶を飲みました。",
    "ko": "오늘 아침에는 선로에 눈이 쌓여서 기차가 늦게 도착했습니다. 승객들은 역에서 기다리며 뜨거운 차를 마셨습니다.",
    "nl": "De trein was vanmorgen te laat omdat er sneeuw op het spoor lag. De reizigers wachtten en dronken warme thee.",
    "no": "Toget var forsinket i dag tidlig fordi det lå snø på skinnene. Passasjerene ventet på stasjonen og drakk varm te.",
    "pl": "Pociąg spóźnił się dziś rano, ponieważ na torach leżał śnieg. Podróżni czekali na dworcu i pili gorącą herbatę.",
    "pt": "O comboio chegou atrasado esta manhã porque havia neve na linha. Os viajantes esperavam e bebiam chá quente.",
    "ro": "Trenul a întârziat în această dimineață pentru că era zăpadă pe șine. Călătorii așteptau și beau ceai fierbinte.",
    "ru": "Поезд сегодня утром опоздал, потому что на рельсах лежал снег. Пассажиры ждали на вокзале и пили горячий чай.",
    "sk": "Vlak dnes ráno meškal, pretože na koľajniciach ležal sneh. Cestujúci čakali na stanici a pili horúci čaj.",
    "sv": "Tåget var försenat i morse eftersom det låg snö på spåret. Resenärerna väntade på stationen och drack varmt te.",
    "ta": "தண்டவாளத்தில் தண்ணீர் தேங்கியதால் இன்று காலை ரயில் தாமதமாக வந்தது. பயணிகள் நிலையத்தில் காத்திருந்து தேநீர் குடித்தனர்.",
    "th": "เช้านี้รถไฟมาสายเพราะมีน้ำท่วมราง ผู้โดยสารรออยู่ที่สถานีและดื่มชาร้อน",
    "tr": "Tren bu sabah raylarda kar olduğu için geç geldi. Yolcular istasyonda bekledi ve sıcak çay içti.",
    "uk": "Потяг сьогодні вранці запізнився, бо на рейках лежав сніг. Пасажири чекали на вокзалі й пили гарячий чай.",
    "vi": "Sáng nay tàu đến muộn vì đường ray bị ngập nước. Hành khách ngồi chờ ở nhà ga và uống trà nóng.",
    "zh": "今天早上铁轨上积了雪，所以火车晚点了。旅客们在车站等候，喝着热茶。",
}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the capital of France?", "en"),
        ("Write a python function", "en"),
        ("Wie spät ist es in Berlin?", "de"),
        ("Quelle est la capitale de l'Italie ?", "fr"),
        ("¿Cuál es la capital de Perú?", "es"),
        ("Scrivi una poesia sul mare", "it"),
        ("Schrijf een kort gedicht over de zee", "nl"),
        ("Napisz krótki wiersz o morzu", "pl"),
        ("東京の天気は?", "ja"),
        ("你好，请写一首诗", "zh"),
        ("한국의 수도는 어디입니까", "ko"),
        ("ما هي عاصمة فرنسا", "ar"),
        ("भारत की राजधानी क्या है", "hi"),
        ("SUMMARISE THE QUARTERLY RESULTS IN TWO SENTENCES PLEASE", "en"),
    ],
)
def test_the_language_of_a_sentence_is_found(text, language):
    assert detect_language(text) == language
    assert language in LANGUAGES


@pytest.mark.parametrize("text", ["", "   ", "?!", "12 * 7", "ok", "hi", "😀😀😀", "\u202e\u200b", "\x1b[31m"])
def test_too_little_text_is_undetermined(text):
    assert detect_language(text) == "und"


def test_an_instruction_outweighs_the_document_in_its_middle():
    prompt = (
        "Please summarise the following letter for my manager. " * 4
        + "Der Vertrag gilt. " * 400
        + "Please be brief. " * 12
    )
    assert detect_language(prompt) == "en"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("characters", [60, GLANCE_CHARACTERS, GLANCE_CHARACTERS + 40, 2 * LANGUAGE_CHARACTERS])
def test_every_language_is_found_at_a_glance_and_in_a_long_text(language, characters):
    assert detect_language((f"{PROSE[language]} " * characters)[:characters]) == language


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_where_a_glance_leaves_a_doubt_the_language_of_most_of_the_text_counts(language):
    # A glance sees as much of the question as of the text.
    question = "Which of the following sentences would you read to a child who is afraid of trains?"[:80]
    prompt = f"{question}\n{f'{PROSE[language]} ' * 12}"
    assert detect_language(prompt) == language


def test_a_glance_reads_the_same_words_of_ascii_by_table_as_by_pattern():
    for text in ("What's up, Doc? 12:30!", "a, b", "  --  ", "x", "tab\there\nline", "don't (ever) e-mail: a@b.c"):
        read = language._letters(text, language.GLANCE_CHARACTERS)
        assert language._at_a_glance(text).split() == read.split()
