"""The books: accounts, declared codes, the one writer, holds, balances and the checks over them.

Points, fen and minutes move only through `transfers.post_transfers`.
"""
