"""How values of cards are called by people. A value without an entry is shown as it is."""

from __future__ import annotations

from tensorflow_hub.server.search.facets import facet_label

# ISO 639-1 codes (and the regional ones in use) → names in English.
_LANGUAGES = dict(
    pair.strip().split(" ", 1)
    for pair in """
    ar Arabic;as Assamese;bg Bulgarian;bn Bengali;ca Catalan;cs Czech;cy Welsh;da Danish;de German;el Greek
    en English;eo Esperanto;es Spanish;et Estonian;eu Basque;fa Persian;fi Finnish;fr French;ga Irish
    gl Galician;gu Gujarati;he Hebrew;hi Hindi;hr Croatian;hu Hungarian;hy Armenian;id Indonesian;is Icelandic
    it Italian;ja Japanese;ka Georgian;kk Kazakh;km Khmer;kn Kannada;ko Korean;ks Kashmiri;la Latin
    lt Lithuanian;lv Latvian;mk Macedonian;ml Malayalam;mn Mongolian;mr Marathi;ms Malay;mt Maltese;my Burmese
    multilingual Multilingual;ne Nepali;nl Dutch;no Norwegian;nb Norwegian;or Odia;pa Punjabi;pl Polish
    ps Pashto;pt Portuguese;ro Romanian;ru Russian;sa Sanskrit;sd Sindhi;si Sinhala;sk Slovak;sl Slovenian
    sq Albanian;sr Serbian;sv Swedish;sw Swahili;ta Tamil;te Telugu;th Thai;tl Tagalog;tr Turkish;uk Ukrainian
    ur Urdu;uz Uzbek;vi Vietnamese;yo Yoruba;zh Chinese;zh-cn Chinese (simplified)
    zh-tw Chinese (traditional);zu Zulu
    """.strip()
    .replace("\n", ";")
    .split(";")
)
_LICENSES = {
    "apache-2.0": "Apache 2.0",
    "mit": "MIT",
    "bsd-2-clause": "BSD 2-Clause",
    "bsd-3-clause": "BSD 3-Clause",
    "gpl-2.0": "GPL 2.0",
    "gpl-3.0": "GPL 3.0",
    "lgpl-2.1": "LGPL 2.1",
    "lgpl-3.0": "LGPL 3.0",
    "mpl-2.0": "MPL 2.0",
    "cc-by-4.0": "CC BY 4.0",
    "cc0-1.0": "CC0 1.0",
    "unlicense": "Unlicense",
    "custom": "Custom: see the card",
}


def label(key: str, value: str) -> str:
    """The name of a value of the facet `key`.

    >>> label("language", "ja"), label("task", "image-classification"), label("dataset", "imagenet-21k")
    ('Japanese', 'Image classification', 'imagenet-21k')
    """
    if key == "language":
        return _LANGUAGES.get(value, value)
    if key == "license":
        return _LICENSES.get(value, value)
    return facet_label(key, value)
