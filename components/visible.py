"""Names of files and classes as people can read them, whatever characters they hold."""


def visible(text: str) -> str:
    """Text as it is; of what is not seen or turns text around, such as a line break, its code."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
