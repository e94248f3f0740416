"""The independent recount: another client, another parser, no judging code of streaming."""
