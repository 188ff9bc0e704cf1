/* SPDX-License-Identifier: Apache-2.0
 *
 * How to submit a first job of one's own: a shell script in which everything else is a comment, so
 * that any part of it can be pasted as it stands. */
#include <stdio.h>

#include "worker/commands/demo.h"

static const char shell[] =
    "\n"
    "# Your own first job, in a shell. After scripts/run, in the same folder:\n"
    "eval \"$(scripts/stack env)\"; export PATH=\"$PWD/build/release/worker:$PATH\"\n"
    "till worker &                                       # serves the lanes until: kill %1\n"
    "till stock add PS5=10 --wait 10                     # now it can be sold\n"
    "till submit checkout PS5 --customer c-1 --wait 10   # and is\n"
    "till audit\n";

/* The namespace is put in. */
static const char python[] =
    "\n"
    "# The same sale from Python (apt install python3-pika, or pip install pika):\n"
    "python3 - <<'END'\n"
    "import json, os, uuid, zlib, pika\n"
    "channel = "
    "pika.BlockingConnection(pika.URLParameters(os.environ[\"TILL_AMQP_URL\"])).channel()\n"
    "channel.confirm_delivery()\n"
    "\n"
    "def decided(channel, method, properties, body):\n"
    "    print(json.loads(body)[\"data\"][\"outcome\"])\n"
    "    channel.stop_consuming()\n"
    "\n"
    "channel.basic_consume(\"amq.rabbitmq.reply-to\", decided, auto_ack=True)\n"
    "job = {\"id\": str(uuid.uuid4()), \"customer\": \"c-2\", \"items\": [{\"sku\": \"PS5\", "
    "\"qty\": "
    "1}]}\n"
    "channel.basic_publish(\"%s.jobs\", str(zlib.crc32(b\"PS5\") %% 1024), json.dumps(job),\n"
    "    pika.BasicProperties(delivery_mode=2, content_type=\"application/json\",\n"
    "                         reply_to=\"amq.rabbitmq.reply-to\"), mandatory=True)\n"
    "channel.start_consuming()\n"
    "END\n";

/* The namespace is put in. */
static const char node[] =
    "\n"
    "# And from Node (npm install amqplib):\n"
    "node - <<'END'\n"
    "const amqp = require(\"amqplib\"), zlib = require(\"zlib\"), crypto = require(\"crypto\");\n"
    "(async () => {\n"
    "  const connection = await amqp.connect(process.env.TILL_AMQP_URL);\n"
    "  const channel = await connection.createConfirmChannel();\n"
    "  await channel.consume(\"amq.rabbitmq.reply-to\", (message) => {\n"
    "    console.log(JSON.parse(message.content).data.outcome);\n"
    "    connection.close();\n"
    "  }, { noAck: true });\n"
    "  const job = { id: crypto.randomUUID(), customer: \"c-3\", items: [{ sku: \"PS5\", qty: 1 }] "
    "};\n"
    "  // Before Node 20.15 there is no crc32: without a slot a worker finds it.\n"
    "  const slot = zlib.crc32 ? String(zlib.crc32(\"PS5\") %% 1024) : \"\";\n"
    "  channel.publish(\"%s.jobs\", slot, Buffer.from(JSON.stringify(job)), {\n"
    "    persistent: true, contentType: \"application/json\", mandatory: true,\n"
    "    replyTo: \"amq.rabbitmq.reply-to\" });\n"
    "  await channel.waitForConfirms();\n"
    "})();\n"
    "END\n"
    "\n"
    "# The same job sent again, from wherever, gets the same decision again.\n";

void demo_guide(const char *namespace)
{
    (void)fputs(shell, stdout);
    (void)printf(python, namespace);
    (void)printf(node, namespace);
}
