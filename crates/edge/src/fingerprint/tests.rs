//! Known clients, the examples of the specifications, and messages that are broken in every place.

use super::*;

/// A Firefox without TLS 1.3 towards a site of Mozilla's: the message without its record.
/// Source of bytes and JA3: tests of s2n-tls (github.com/aws/s2n-tls), `ja3` known-value cases.
const FIREFOX_TLS12: &str = "010000ec030390e8cceee570a2a12f6b69d266960fcf20d5326ec4b28cc7bd0a06c2a514fc3420af72bf3999fb2070c310830ceefbfa72cc\
    5da899b4c553d63da0537a5cbcf50b001ec02bc02fcca9cca8c02cc030c00ac009c013c01400330039002f0035000a0100008500000023002100001e\
    696e636f6d696e672e74656c656d657472792e6d6f7a696c6c612e6f726700170000ff01000100000a000a0008001d001700180019000b00020100\
    00230000 0010000e000c02683208687474702f312e31000500050100000000000d0018001604030503060308040805080604010501060102030201\
    001c00024000";

/// Chrome towards a site of Google's, TLS 1.3 with GREASE, up to its padding.
/// Source of bytes and JA4: tests of CyberChef (github.com/gchq/CyberChef), operation "JA4 Fingerprint".
const CHROME_TLS13: &str = "1603010200010001fc0303b2c03e7ba990ef540c316a665d4d925f8e9079ac4b15687e587dc99016e75a6c20d0b0099243c9296a0c84153ea4\
    ada7d87ad017f4211c2ea1350b0b3cc5514d5f00205a5a130113021303c02bc02fc02cc030cca9cca8c013c014009c009d002f003501000193fafa00\
    0000000024002200001f636f6e74656e742d6175746f66696c6c2e676f6f676c65617069732e636f6d0033002b00293a3a000100001d0020fb2cd8ef\
    3d605b96ab03119ec4f30a6e2088cb1af86c41a81feace8706068c50000d001200100403080404010503080505010806060100230000000b000201\
    00ff01000100000a000a00083a3a001d00170018001b000302000244690005000302683200120000002d000201010010000e000c02683208687474\
    702f312e31000500050100000000002b0007060a0a03040303001700001a1a000100001500b8";

/// Firefox towards a site of Mozilla's, TLS 1.3, up to its padding. Source of the bytes: as above.
const FIREFOX_TLS13: &str = "1603010200010001fc0303ecb2691addb2bf6c599c7aaae23de5f42561cc04eb41029acc6fc050a16ac1d22046f8617b580ac9358e2aa44e30\
    6d52466bcc989c87c8ca64309f5faf50ba7b4d0022130113031302c02bc02fcca9cca8c02cc030c00ac009c013c014009c009d002f0035010001910000\
    0021001f00001c636f6e74696c652e73657276696365732e6d6f7a696c6c612e636f6d00170000ff01000100000a000e000c001d00170018001901\
    000101000b00020100002300000010000e000c02683208687474702f312e310005000501000000000022000a0008040305030603020300330\
    06b0069001d00208909858fbeb6ed2f1248ba5b9e2978bead0e840110192c61daed0096798b184400170041044d183d91f5eed35791fa982464e3b0\
    214aaa5f5d1b78616d9b9fbebc22d11f535b2f94c686143136aa795e6e5a875d6c08064ad5b76d44caad766e2483012748002b00050403040303000d\
    0018001604030503060308040805080604010501060102030201002d00020101001c000240010015007a";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}

/// A whole record of 517 bytes, the rest of it padding.
fn padded(hex: &str) -> Vec<u8> {
    let mut sent = bytes(hex);
    sent.resize(517, 0);
    sent
}

/// A message in records of so many bytes.
fn in_records(message: &[u8], record_bytes: usize) -> Vec<u8> {
    let mut sent = Vec::new();
    for part in message.chunks(record_bytes) {
        sent.extend([22, 3, 1]);
        sent.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
        sent.extend_from_slice(part);
    }
    sent
}

fn of(sent: &[u8]) -> (String, String) {
    let found = Fingerprints::of(sent).unwrap();
    (found.ja3().to_owned(), found.ja4().to_owned())
}

#[test]
fn known_clients_have_their_known_fingerprints() {
    let (ja3, _) = of(&in_records(&bytes(FIREFOX_TLS12), 16_000));
    assert_eq!(ja3, "839bbe3ed07fed922ded5aaf714d6842");
    let (_, ja4) = of(&padded(CHROME_TLS13));
    assert_eq!(ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
    let (_, ja4) = of(&padded(FIREFOX_TLS13));
    assert_eq!(ja4, "t13d1715h2_5b57614c22b0_3d5424432f57");
}

#[test]
fn the_text_behind_a_ja3_is_in_the_clients_order_without_grease() {
    let message = ClientHello::message(&padded(CHROME_TLS13)).unwrap();
    let hello = ClientHello::parse(&message).unwrap();
    assert_eq!(
        ja3::text(&hello),
        "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,\
         0-51-13-35-11-65281-10-27-17513-18-45-16-5-43-23-21,29-23-24,0"
    );
}

/// Source: JA3, "How it works": both its examples.
#[test]
fn the_examples_of_ja3_hold() {
    let hello = ClientHello {
        version: 769,
        ciphers: vec![47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4],
        extensions: vec![0, 10, 11],
        groups: vec![23, 24, 25],
        point_formats: &[0],
        ..ClientHello::default()
    };
    assert_eq!(ja3::fingerprint(&hello), "ada70206e40642a3e4461f35503241d5");
    let bare =
        ClientHello { version: 769, ciphers: vec![4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99], ..ClientHello::default() };
    assert_eq!(ja3::text(&bare), "769,4-5-10-9-100-98-3-6-19-18-99,,,");
    assert_eq!(ja3::fingerprint(&bare), "de350869b8c85de67a350c8d186f11e6");
}

/// Source: FoxIO, "JA4: TLS Client Fingerprinting", the examples of each section.
#[test]
fn the_examples_of_ja4_hold() {
    let words = |text: &str| text.split(',').map(|word| u16::from_str_radix(word, 16).unwrap()).collect::<Vec<_>>();
    let hello = ClientHello {
        version: 0x0303,
        ciphers: words("1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"),
        extensions: words("001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015"),
        signature_algorithms: words("0403,0804,0401,0503,0805,0501,0806,0601"),
        versions: Some(words("0a0a,0303,0304")),
        protocol: Some(b"h2"),
        ..ClientHello::default()
    };
    assert_eq!(ja4::fingerprint(&hello), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    let unsigned = ClientHello { signature_algorithms: Vec::new(), ..hello.clone() };
    assert!(ja4::fingerprint(&unsigned).ends_with("_6d807ffa2a79"));
    for (protocol, expected) in [
        (b"h2".as_slice(), "h2"),
        (b"http/1.1", "h1"),
        (b"", "00"),
        (b"\xab", "ab"),
        (b"\xab\xcd", "ad"),
        (b"\x30\xab", "3b"),
        (b"\x30\x31\xab\xcd", "3d"),
        (b"\x30\xab\xcd\x31", "01"),
        (b"x", "xx"),
    ] {
        let hello = ClientHello { protocol: Some(protocol), ..hello.clone() };
        assert_eq!(ja4::fingerprint(&hello)[8..10], *expected, "{}", protocol.escape_ascii());
    }
    let bare = ClientHello { version: 0x0002, ciphers: vec![0x0A0A], ..ClientHello::default() };
    assert_eq!(ja4::fingerprint(&bare), "ts2i000000_000000000000_000000000000");
    let many = ClientHello { ciphers: (0..300).collect(), ..ClientHello::default() };
    assert!(ja4::fingerprint(&many).starts_with("t00i9900"));
}

#[test]
fn records_may_split_the_message_anywhere() {
    let message = &padded(CHROME_TLS13)[5..];
    let whole = of(&in_records(message, 16_384));
    for record_bytes in [1, 2, 3, 4, 5, 7, 100, 511] {
        assert_eq!(of(&in_records(message, record_bytes)), whole, "{record_bytes}");
    }
    let mut followed = in_records(message, 200);
    followed.extend(b"\x14\x03\x03\x00\x01\x01 and more");
    assert_eq!(of(&followed), whole);
}

#[test]
fn what_is_cut_short_or_has_lengths_that_lie_gives_nothing() {
    let sent = padded(CHROME_TLS13);
    for length in 0..sent.len() {
        assert_eq!(Fingerprints::of(&sent[..length]), None, "{length} bytes");
    }
    let message = ClientHello::message(&sent).unwrap();
    // Where the extensions begin, an older client's message may end.
    let bare = 2 + 32 + 1 + 32 + 2 + 32 + 2;
    for length in (0..message.len()).filter(|length| *length != bare) {
        assert_eq!(ClientHello::parse(&message[..length]), None, "{length} bytes");
    }
    assert_eq!(ClientHello::parse(&[message.as_slice(), b"\0"].concat()), None);
    for (at, byte) in [(0, 21), (1, 2), (5, 2), (43, 33)] {
        let mut wrong = sent.clone();
        wrong[at] = byte;
        assert_eq!(Fingerprints::of(&wrong), None, "byte {at}");
    }
    assert_eq!(Fingerprints::of(b"GET / HTTP/1.1\r\n\r\n"), None);
}

#[test]
fn an_extension_that_stands_twice_gives_nothing() {
    let mut message = vec![3, 3];
    message.extend([0; 32]);
    message.extend([0, 0, 2, 0x13, 1, 1, 0]);
    let once = [message.as_slice(), &[0, 4, 0, 23, 0, 0]].concat();
    let twice = [message.as_slice(), &[0, 8, 0, 23, 0, 0, 0, 23, 0, 0]].concat();
    assert!(ClientHello::parse(&message).is_some() && ClientHello::parse(&once).is_some());
    assert_eq!(ClientHello::parse(&twice), None);
}

#[test]
fn a_message_beyond_the_limit_is_not_read() {
    let mut message = vec![1, 1, 0, 0];
    message.extend(vec![0; 1 << 16]);
    assert_eq!(ClientHello::message(&in_records(&message, 16_384)), None);
}
