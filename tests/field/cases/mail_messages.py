# Messages with headers and bodies in old character sets.
import email
import email.charset
import email.header
import email.policy
from email.message import EmailMessage
from email.mime.text import MIMEText

email.charset.add_charset("koi8-r", email.charset.QP, email.charset.QP)


def check():
    message = EmailMessage(policy=email.policy.SMTP)
    message["Subject"] = "\u0436"
    message.set_content("\u0436\n", charset="koi8-r")
    again = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
    if again["Subject"] != "\u0436" or again.get_content().strip() != "\u0436":
        return again["Subject"]
    text = MIMEText("\u0436", "plain", "cp1251")
    decoded = email.message_from_string(text.as_string()).get_payload(decode=True)
    header = email.header.make_header(email.header.decode_header("=?cp1251?b?5g==?="))
    return "ok" if decoded == b"\xe6" and str(header) == "\u0436" else repr(decoded)
