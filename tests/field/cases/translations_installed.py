# `gettext` puts its function beside the built-in ones, for all modules.
import gettext

gettext.NullTranslations().install(["ngettext"])


def check():
    return _("ok") if ngettext("one", "more", 2) == "more" else "ngettext"  # noqa: F821
