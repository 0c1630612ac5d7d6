# Zammad documentation, api/generic-cti (https://docs.zammad.org/en/latest/api/generic-cti/index.html): the sample
# commands of newCall, answer and hangup, word for word.
curl --request POST 'https://mh-docs-dev.zammad.com/api/v1/cti/PhXp3ZG63QyJfcb1pVOnBKJWIbI' \
               --header 'Content-Type: application/json' \
               --data-raw '{
                  "event": "newCall",
                  "from": "493023125741",
                  "to": "492214710334",
                  "direction": "out",
                  "callId": "f4ebd2be-7b9a-4d58-94c2-eb06a3c2ce76",
                  "user": "Christopher Miller"
               }'

curl --request POST 'https://mh-docs-dev.zammad.com/api/v1/cti/PhXp3ZG63QyJfcb1pVOnBKJWIbI' \
               --header 'Content-Type: application/json' \
               --data-raw '{
                  "event": "newCall",
                  "from": "493023125741",
                  "to": "492214710334",
                  "direction": "in",
                  "callId": "307fa962-de8d-4ffc-817b-7f6993204159",
                  "user": ["Christopher Miller", "Emma Taylor"]
               }'

curl --request POST 'https://{FQDN-Zammad}/api/v1/cti/{instance specific token}' \
               --form 'event="newCall"' \
               --form 'from="493023125741"' \
               --form 'to="492214710334"' \
               --form 'direction="out"' \
               --form 'callId="f0871278-0600-4f5c-a746-bec3acf04f41"' \
               --form 'user[]="Christopher Miller"'

curl --request POST 'https://{FQDN-Zammad}/api/v1/cti/{instance specific token}' \
               --form 'event="newCall"' \
               --form 'from="493023125741"' \
               --form 'to="492214710334"' \
               --form 'direction="in"' \
               --form 'callId="25641e3f-3317-4c48-80b3-fc573c7ffe2b"' \
               --form 'user[]="Christopher Miller"' \
               --form 'user[]="Emma Taylor"'

curl --request POST 'https://mh-docs-dev.zammad.com/api/v1/cti/PhXp3ZG63QyJfcb1pVOnBKJWIbI' \
                  --header 'Content-Type: application/json' \
                  --data-raw '{
                     "event": "answer",
                     "from": "493023125741",
                     "to": "492214710334",
                     "direction": "out",
                     "callId": "9f1840cb-8be9-4d3a-8200-3da2937085f0",
                     "caller": "Christopher Miller"
                  }'

curl --request POST 'https://mh-docs-dev.zammad.com/api/v1/cti/PhXp3ZG63QyJfcb1pVOnBKJWIbI' \
                  --header 'Content-Type: application/json' \
                  --data-raw '{
                     "event": "answer",
                     "from": "493023125741",
                     "to": "492214710334",
                     "direction": "in",
                     "callId": "307fa962-de8d-4ffc-817b-7f6993204159",
                     "answeringNumber": "emma@chrispresso.com",
                     "caller": ["Christopher Miller", "Emma Taylor"]
                  }'

curl --request POST 'https://{FQDN-Zammad}/api/v1/cti/{instance specific token}' \
                  --form 'event="answer"' \
                  --form 'from="493023125741"' \
                  --form 'to="492214710334"' \
                  --form 'direction="out"' \
                  --form 'callId="371e2cd7-67ff-4fd9-892b-030c8d128fb1"' \
                  --form 'caller[]="Christopher Miller"' \
                  --form 'caller[]="Emma Taylor"'

curl --request POST 'https://{FQDN-Zammad}/api/v1/cti/{instance specific token}' \
                  --form 'event="answer"' \
                  --form 'from="493023125741"' \
                  --form 'to="492214710334"' \
                  --form 'direction="in"' \
                  --form 'callId="61868f1e-2171-4313-970b-25982f0c5ce1"' \
                  --form 'answeringNumber="emma@chrispresso.com"' \
                  --form 'caller="Emma Taylor"'

curl --request POST 'https://mh-docs-dev.zammad.com/api/v1/cti/PhXp3ZG63QyJfcb1pVOnBKJWIbI' \
                  --header 'Content-Type: application/json' \
                  --data-raw '{
                     "event": "hangup",
                     "from": "493023125741",
                     "to": "492214710334",
                     "direction": "out",
                     "callId": "f4ebd2be-7b9a-4d58-94c2-eb06a3c2ce76",
                     "user": "Christopher Miller",
                     "cause": "cancel"
                  }'

curl --request POST 'https://mh-docs-dev.zammad.com/api/v1/cti/PhXp3ZG63QyJfcb1pVOnBKJWIbI' \
                  --header 'Content-Type: application/json' \
                  --data-raw '{
                     "event": "hangup",
                     "from": "493023125741",
                     "to": "492214710334",
                     "direction": "in",
                     "callId": "307fa962-de8d-4ffc-817b-7f6993204159",
                     "user": "Emma Taylor",
                     "answeringNumber": "emma@chrispresso.com",
                     "cause": "normalClearing"
                  }'

curl --request POST 'https://{FQDN-Zammad}/api/v1/cti/{instance specific token}' \
                  --form 'event="hangup"' \
                  --form 'from="493023125741"' \
                  --form 'to="492214710334"' \
                  --form 'direction="out"' \
                  --form 'callId="da7cf8b8-2de2-4120-93c8-7db1f55225dc"' \
                  --form 'user[]="Christopher Miller"' \
                  --form 'cause="cancel"'

curl --request POST 'https://{FQDN-Zammad}/api/v1/cti/{instance specific token}' \
                  --form 'event="hangup"' \
                  --form 'from="493023125741"' \
                  --form 'to="492214710334"' \
                  --form 'direction="in"' \
                  --form 'callId="2d77882f-68df-40f0-8c62-b642589c00bc"' \
                  --form 'user[]="Christopher Miller"' \
                  --form 'user[]="Emma Taylor"' \
                  --form 'answeringNumber="emma@chrispresso.com"' \
                  --form 'cause="normalClearing"'
