//! Altered, cut and made-up texts: an error or the same value, never a panic and never something else.

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;
    use tenure::{Data, Json, Secret, codec::SignedJson};

    fn codec() -> SignedJson {
        SignedJson::new(&Secret::new("a secret"), &[Secret::new("an older secret")])
    }

    /// One token that is not compressed and one that is.
    fn tokens() -> [(Data, String); 2] {
        [
            &br#"{"_auth_user_id":"1","cart":[1,2]}"#[..],
            br#"{"rows":["alpha","alpha","alpha","alpha","alpha","alpha","alpha","alpha"]}"#,
        ]
        .map(|payload| {
            let data = Data::from_json(payload).unwrap();
            let token = codec().encode(&data, UNIX_EPOCH);
            (data, token)
        })
    }

    #[test]
    fn every_altered_byte_and_every_prefix_is_refused() {
        for (data, token) in tokens() {
            assert_eq!(codec().decode(&token).unwrap(), data);
            for cut in 0..token.len() {
                assert!(codec().decode(&token[..cut]).is_err());
                for byte in 0..0x80 {
                    let mut altered = token.clone().into_bytes();
                    let old = std::mem::replace(&mut altered[cut], byte);
                    let read = codec().decode(std::str::from_utf8(&altered).unwrap());
                    assert_eq!(read.is_ok(), old == byte, "byte {byte} at {cut}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn an_inserted_or_replaced_character_is_refused(place in 0_usize..120, character in any::<char>(), replace in any::<bool>()) {
            for (_, token) in tokens() {
                let mut characters: Vec<char> = token.chars().collect();
                let place = place % characters.len();
                if replace {
                    characters[place] = character;
                } else {
                    characters.insert(place, character);
                }
                let altered: String = characters.into_iter().collect();
                prop_assert!(altered == token || codec().decode(&altered).is_err());
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
            let _ = Data::from_json(&bytes);
        }

        #[test]
        fn nearly_json_is_read_or_refused(text in r#"\{?[\[\]{}:,"\\u0-9eE+\-. tnulNIafisy\x00\x7fé]{0,40}\}?"#) {
            if let Ok(data) = Data::from_json(text.as_bytes()) {
                // What was accepted is stable from then on.
                let canonical = data.to_json();
                let again = Data::from_json(canonical.as_bytes()).unwrap();
                prop_assert_eq!(again.to_json(), canonical);
                prop_assert_eq!(again, data);
            }
        }

        #[test]
        fn altered_json_never_panics(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut text = br#"{"a":[1,-0.5e+3,NaN,-Infinity,"\u00eb\ud800\n"],"b":{"c":null,"d":true},"a":false}"#.to_vec();
            let place = place.index(text.len());
            text[place] = byte;
            let _ = Data::from_json(&text);
            let _ = Data::from_json(&text[..place]);
        }

        #[test]
        fn any_text_is_refused_as_a_token(text in any::<String>()) {
            prop_assert!(codec().decode(&text).is_err());
        }

        #[test]
        fn data_is_a_python_dict(operations in prop::collection::vec((any::<bool>(), "[a-cé\"]", any::<i16>()), 0..40)) {
            let mut data = Data::from_json(br#"{"c": 0, "\u00e9": 1}"#).unwrap();
            let mut model: Vec<(String, i16)> = vec![("c".into(), 0), ("é".into(), 1)];
            for (insert, key, value) in operations {
                let place = model.iter().position(|(known, _)| *known == key);
                match (insert, place) {
                    (true, Some(place)) => {
                        let changed = std::mem::replace(&mut model[place].1, value) != value;
                        prop_assert_eq!(data.insert(&key, Json::of(&value).unwrap()), changed);
                    }
                    (true, None) => {
                        model.push((key.clone(), value));
                        prop_assert!(data.insert(&key, Json::of(&value).unwrap()));
                    }
                    (false, place) => {
                        let removed = place.map(|place| model.remove(place).1);
                        prop_assert_eq!(data.remove(&key).map(|value| value.to::<i16>().unwrap()), removed);
                    }
                }
            }
            prop_assert!(data.keys().eq(model.iter().map(|(key, _)| key.as_str())));
            for (key, value) in &model {
                prop_assert_eq!(data.get::<i16>(key).unwrap(), Some(*value));
            }
            prop_assert_eq!(codec().decode(&codec().encode(&data, UNIX_EPOCH)).unwrap(), data);
        }
    }
}
