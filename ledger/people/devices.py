"""What a device is called in the list of its person: browser and system, read from what the browser says of itself."""

from __future__ import annotations

BROWSERS = (
    ("MicroMessenger", "WeChat"), ("AlipayClient", "Alipay"), ("DingTalk", "DingTalk"), ("Edg", "Edge"),
    ("OPR/", "Opera"), ("MQQBrowser", "QQ Browser"), ("HuaweiBrowser", "Huawei Browser"),
    ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"),
    ("Chrome", "Chrome"), ("Safari", "Safari"), ("curl", "curl"), ("python", "Python"),
)  # fmt: skip
"""The first that occurs is it: nearly every browser also calls itself Chrome and Safari."""

SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("OpenHarmony", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"),
    ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def called(user_agent: str) -> str:
    """ "WeChat · Android"; empty when it says nothing that we know."""
    known = (_first(BROWSERS, user_agent), _first(SYSTEMS, user_agent))
    return " · ".join(name for name in known if name)


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in names if mark.lower() in user_agent.lower()), "")
