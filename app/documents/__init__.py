"""A letter in the forms that can be handed over: paper, PDF, web form text, a telephone call.

``pdf.to_pdf``, ``letter.to_text``, ``letter.to_web_form`` and ``call.to_call_script`` make them.
Every function here is pure: the letter, its writer and the office go in, text or bytes come out.
"""
