"""The rows. Instants are seconds since 1970 UTC (REAL), JSON is text, states are the codes of model/states.py.

Portable SQL only: the same tables serve SQLite and PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: Facts about this ledger: schema, fingerprint of the master key, index revision, instance.
meta = Table("meta", metadata, Column("name", String, primary_key=True), Column("value", Text, nullable=False))

#: A mail's bytes, once per establishment, whatever the number of arrivals. ``digest`` is the vault's address.
mail = Table(
    "mail",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String, nullable=False, unique=True),
    Column("size", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("reading", Text),
    Column("reader", String, nullable=False, default=""),
    Column("deaths", Integer, nullable=False, default=0),
    Column("received_at", Float, nullable=False),
    Column("settled_at", Float),
    Column("purged_at", Float),
)

#: A mail seen at a place. ``key`` makes it one row however often it is seen; ``seq`` is its number in order.
arrival = Table(
    "arrival",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("key", String, nullable=False, unique=True),
    Column("place", String, nullable=False),
    Column("mailbox", String, nullable=False, default=""),
    Column("uidvalidity", Integer),
    Column("uid", Integer),
    Column("source", String, nullable=False),
    Column("mail_id", ForeignKey("mail.id")),
    Column("message_id", String, nullable=False, default=""),
    Column("size", Integer, nullable=False, default=0),
    Column("envelope", Text, nullable=False, default="{}"),
    Column("trusted", Boolean, nullable=False, default=True),
    Column("state", String, nullable=False),
    Column("target", String, nullable=False, default="done"),
    Column("at", Float, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_arrival_mailbox", arrival.c.mailbox, arrival.c.uidvalidity, arrival.c.uid)
Index("ix_arrival_state", arrival.c.state, arrival.c.seq)
Index("ix_arrival_mail_id", arrival.c.mail_id)

#: A document found in an arrival. ``claim`` is unique: the first reading of an id (else of bytes) owns it; a later copy
#: has none and points to the owner with ``duplicate_of``.
document = Table(
    "document",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("arrival_seq", ForeignKey("arrival.seq"), nullable=False, index=True),
    Column("ordinal", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("claim", String, unique=True),
    Column("duplicate_of", ForeignKey("document.id"), index=True),
    Column("unique_id", String, nullable=False, default="", index=True),
    Column("sha256", String, nullable=False, default="", index=True),
    Column("action", String, nullable=False),
    Column("parent_id", ForeignKey("document.id")),
    Column("superseded_by", ForeignKey("document.id")),
    Column("filename", String, nullable=False, default=""),
    Column("reason", String),
    Column("ignored", String),
    Column("ipp", String, index=True),
    Column("type_code", String),
    Column("decision_id", Integer),
    Column("found_at", Float, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("hidden_since", Float, index=True),
    UniqueConstraint("arrival_seq", "ordinal"),
)
Index("ix_document_state", document.c.state)

#: What was decided, by whom (rules or a person), on which inputs. Never overwritten.
decision = Table(
    "decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("document_id", ForeignKey("document.id"), nullable=False, index=True),
    Column("at", Float, nullable=False),
    Column("by", String, nullable=False, default=""),
    Column("reader", String, nullable=False),
    Column("rules", String, nullable=False),
    Column("index_revision", Integer, nullable=False),
    Column("content", Text, nullable=False),
)

#: One document (or, for a receipt, one arrival) to one destination.
delivery = Table(
    "delivery",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("destination", String, nullable=False),
    Column("document_id", ForeignKey("document.id"), index=True),
    Column("arrival_seq", ForeignKey("arrival.seq"), index=True),
    Column("purpose", String, nullable=False),
    Column("state", String, nullable=False),
    Column("held", Boolean, nullable=False, default=False),
    Column("hold_reason", String, nullable=False, default=""),
    Column("reason", String, nullable=False, default=""),
    Column("code", String, nullable=False, default=""),
    Column("text", Text, nullable=False, default=""),
    Column("unique_id", String, nullable=False, default=""),
    Column("after_id", ForeignKey("delivery.id"), index=True),
    Column("failures", Integer, nullable=False, default=0),
    Column("look_ups", Integer, nullable=False, default=0),
    Column("payload", String),
    Column("existence", Text, nullable=False, default=""),
    Column("planned_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("version", Integer, nullable=False, default=1),
    Column("lead_id", Integer, index=True),
    Column("revision", Integer, nullable=False, default=1, server_default="1"),
    Column("says", Text, nullable=False, default="", server_default=""),
)
Index("ix_delivery_destination_state", delivery.c.destination, delivery.c.state)

#: A version of a document that we made after the first: a professional changed who sees it, or took it back.
#: ``number`` counts from 2; ``change`` is what was asked, ``visibility`` (JSON) what holds from then on.
revision = Table(
    "revision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("document_id", ForeignKey("document.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("change", String, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("by", String, nullable=False),
    Column("on_request_of", String, nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),
    Column("at", Float, nullable=False),
    UniqueConstraint("document_id", "number"),
)

#: A mail that we sent by MSSanté: what its delivery report and its receipts will name.
outgoing = Table(
    "outgoing",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("message_id", String, nullable=False, index=True),
    Column("recipient", String, nullable=False),
    Column("delivery_id", ForeignKey("delivery.id"), nullable=False, index=True),
    Column("at", Float, nullable=False),
    UniqueConstraint("message_id", "recipient"),
)

#: Committed before the first byte leaves. ``payload`` is the vault's address of the frozen bytes.
attempt = Table(
    "attempt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery_id", ForeignKey("delivery.id"), nullable=False, index=True),
    Column("token", String, nullable=False),
    Column("payload", String, nullable=False, index=True),
    Column("key", String, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("answer", String),
    Column("code", String, nullable=False, default=""),
    Column("text", Text, nullable=False, default=""),
)

#: Work to do. A row exists as long as the work does.
job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("lane", String, nullable=False),
    Column("subject", Integer, nullable=False),
    Column("due", Float, nullable=False),
    Column("failures", Integer, nullable=False, default=0),
    Column("parked", String),
    Column("alone", Boolean, nullable=False, default=False),
    Column("token", String),
    Column("lease_until", Float),
    UniqueConstraint("kind", "subject"),
)
Index("ix_job_lane_due", job.c.lane, job.c.due)

#: What waits for a person. About a document, or about one destination of a filed document.
entry = Table(
    "entry",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("document_id", ForeignKey("document.id"), nullable=False, index=True),
    Column("destination", String, nullable=False, default=""),
    Column("reason", String, nullable=False),
    Column("detail", Text, nullable=False, default=""),
    Column("evidence", Text, nullable=False, default="{}"),
    Column("urgent", Boolean, nullable=False, default=False),
    Column("opened_at", Float, nullable=False),
    Column("closed_at", Float, index=True),
    Column("closed_by", String, nullable=False, default=""),
    Column("closed_how", String, nullable=False, default=""),
    Column("version", Integer, nullable=False, default=1),
)

#: Who did what, when, and why: append-only, each line chained to the one before.
trail = Table(
    "trail",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("who", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", String, nullable=False),
)

#: The patient index. ``birth_key`` and ``used_key`` are normalised names, ``given_key`` the first word of the first
#: given name.
patient = Table(
    "patient",
    metadata,
    Column("ipp", String, primary_key=True),
    Column("ins", String, index=True),
    Column("ins_oid", String),
    Column("ins_status", String, nullable=False),
    Column("birth_name", String, nullable=False),
    Column("used_name", String, nullable=False),
    Column("given_names", String, nullable=False),
    Column("first_given", String, nullable=False),
    Column("birth_date", String, nullable=False, index=True),
    Column("sex", String, nullable=False),
    Column("birth_place", String, nullable=False),
    Column("opposed", Boolean, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("replaced_by", String),
    Column("birth_key", String, nullable=False),
    Column("used_key", String, nullable=False),
    Column("given_key", String, nullable=False),
    Column("row_version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
)
Index("ix_patient_birth_key", patient.c.birth_key, patient.c.given_key)
Index("ix_patient_used_key", patient.c.used_key, patient.c.given_key)

#: Who may speak.
sender = Table(
    "sender",
    metadata,
    Column("address", String, primary_key=True),
    Column("content", Text, nullable=False),
    Column("at", Float, nullable=False),
)

#: The last answer of TD0.2 for an INS.
existence = Table(
    "existence",
    metadata,
    Column("ins", String, primary_key=True),
    Column("oid", String, primary_key=True),
    Column("status", String, nullable=False),
    Column("code", String, nullable=False, default=""),
    Column("at", Float, nullable=False),
)

#: One row a destination: held by a person, or its breaker open.
destination = Table(
    "destination",
    metadata,
    Column("name", String, primary_key=True),
    Column("held", Boolean, nullable=False, default=False),
    Column("hold_reason", String, nullable=False, default=""),
    Column("failures", Integer, nullable=False, default=0),
    Column("open_since", Float),
    Column("probe_at", Float),
    Column("code", String, nullable=False, default=""),
    Column("text", Text, nullable=False, default=""),
)

#: Small binary facts, such as the vault's wrapped address key.
blob = Table("blob", metadata, Column("name", String, primary_key=True), Column("value", LargeBinary, nullable=False))
