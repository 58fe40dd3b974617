"""What leaves the site: its own mail, the queue with its worker, and packets of letters.

A web request enqueues a message, and ``flask worker`` does the rest::

    post = post_of(settings)                # app.site.outgoing
    to = parse_address(form_email, name)
    post.enqueue(receipt_mail(to, …), idempotency_key=nonce, receipt=token)
    held = post.hold(copy_mail(to, …), idempotency_key=nonce, receipt=token, seats=seats)

Import its modules, not the package: the worker is a long-running process that needs few of them.
"""
