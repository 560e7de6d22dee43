"""Visitors: page views, forms and chats of a person, folded into a row of facts, and what the row contributes.

`facts` prepares events, `row` holds what is remembered, `sessions` joins events into sessions, `chats` keeps
conversations, `contribution` says what a row counts for, `fold` brings them together.
"""
