"""A letter as something to hand over: paper, PDF, an office's web form, a telephone call.

``pdf.to_pdf``, ``letter.to_text``, ``letter.to_web_form`` and ``call.to_call_script`` make them.
Every function here is pure: the letter, its writer and the office go in, text or bytes come out.
"""
