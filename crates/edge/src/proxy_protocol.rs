//! The PROXY protocol header a load balancer puts before a connection, versions 1 and 2.
//!
//! A strict parser over the first bytes of a connection. It accepts exactly what the specification defines for TCP, and
//! reads not one byte more than the header, so that TLS or HTTP after it is untouched.
//!
//! Source: The PROXY protocol, versions 1 & 2 (haproxy.org, proxy-protocol.txt).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// A version 1 line is at most this long, CRLF included.
const V1_BYTES_MAX: usize = 107;
/// What a version 2 header begins with.
const V2_SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Addresses and attributes of a version 2 header take at most this much; balancers send well under a kilobyte.
const V2_PAYLOAD_BYTES_MAX: usize = 4096;

/// Why a connection's header is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyProtocolError {
    /// The bytes are no header, or not a well-formed one.
    #[error("malformed PROXY protocol header: {0}")]
    Malformed(&'static str),
    /// The connection ended or failed before the header was whole.
    #[error("connection lost within the PROXY protocol header")]
    Lost(#[from] std::io::Error),
}

use ProxyProtocolError::Malformed;

/// Reads the header. Returns the client it names, or none where the balancer speaks for itself (`UNKNOWN`, `LOCAL`).
///
/// # Errors
///
/// If the bytes are not a well-formed header, or the connection ends within it.
///
/// # Limits
///
/// Reads at most 107 bytes of version 1 and 4,112 of version 2.
pub(crate) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Option<SocketAddr>, ProxyProtocolError> {
    // Both versions have at least twelve bytes, and those twelve tell them apart.
    let mut first = [0_u8; 12];
    stream.read_exact(&mut first).await?;
    if first == V2_SIGNATURE {
        return read_v2(stream).await;
    }
    if !first.starts_with(b"PROXY ") {
        return Err(Malformed("no signature"));
    }
    read_v1(stream, &first).await
}

async fn read_v1<S: AsyncRead + Unpin>(stream: &mut S, first: &[u8]) -> Result<Option<SocketAddr>, ProxyProtocolError> {
    let mut line = Vec::with_capacity(V1_BYTES_MAX);
    line.extend_from_slice(first);
    // Byte by byte: what follows the line belongs to someone else. Only a balancer sends this, once a connection.
    while !line.ends_with(b"\r\n") {
        if line.len() >= V1_BYTES_MAX {
            return Err(Malformed("line too long"));
        }
        line.push(stream.read_u8().await?);
    }
    parse_v1(&line[..line.len() - 2])
}

fn parse_v1(line: &[u8]) -> Result<Option<SocketAddr>, ProxyProtocolError> {
    let line = std::str::from_utf8(line).map_err(|_| Malformed("line is not ASCII"))?;
    let mut words = line.split(' ');
    if words.next() != Some("PROXY") {
        return Err(Malformed("no signature"));
    }
    let family = words.next().ok_or(Malformed("no family"))?;
    if family == "UNKNOWN" {
        return Ok(None);
    }
    let mut word = || words.next().ok_or(Malformed("too few words"));
    let (source, destination, source_port, destination_port) = (word()?, word()?, word()?, word()?);
    if words.next().is_some() {
        return Err(Malformed("too many words"));
    }
    let address = |text: &str| match family {
        "TCP4" => text.parse::<Ipv4Addr>().map(IpAddr::V4).map_err(|_| Malformed("not an IPv4 address")),
        "TCP6" => text.parse::<Ipv6Addr>().map(IpAddr::V6).map_err(|_| Malformed("not an IPv6 address")),
        _ => Err(Malformed("unknown family")),
    };
    let source = address(source)?;
    address(destination)?;
    port(destination_port)?;
    Ok(Some(SocketAddr::new(source, port(source_port)?)))
}

fn port(text: &str) -> Result<u16, ProxyProtocolError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().map_err(|_| Malformed("port out of range")) } else { Err(Malformed("not a port")) }
}

async fn read_v2<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Option<SocketAddr>, ProxyProtocolError> {
    let version_command = stream.read_u8().await?;
    let family = stream.read_u8().await?;
    let length = usize::from(stream.read_u16().await?);
    if length > V2_PAYLOAD_BYTES_MAX {
        return Err(Malformed("attributes too long"));
    }
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await?;
    match version_command {
        0x20 => Ok(None),
        0x21 => parse_v2(family, &payload).map(Some),
        _ => Err(Malformed("unknown version or command")),
    }
}

fn parse_v2(family: u8, payload: &[u8]) -> Result<SocketAddr, ProxyProtocolError> {
    // Source address, destination address, source port, destination port; attributes follow and are passed over.
    match family {
        0x11 => {
            let (addresses, _) = payload.split_first_chunk::<12>().ok_or(Malformed("addresses cut short"))?;
            let [a, b, c, d, _, _, _, _, high, low, _, _] = *addresses;
            Ok(SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), u16::from_be_bytes([high, low])))
        }
        0x21 => {
            let (addresses, _) = payload.split_first_chunk::<36>().ok_or(Malformed("addresses cut short"))?;
            let (source, _) = addresses.split_first_chunk::<16>().expect("16 of 36 bytes");
            Ok(SocketAddr::new(Ipv6Addr::from(*source).into(), u16::from_be_bytes([addresses[32], addresses[33]])))
        }
        _ => Err(Malformed("not TCP")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(bytes: &[u8]) -> (Result<Option<SocketAddr>, ProxyProtocolError>, usize) {
        let mut rest = bytes;
        let outcome = read(&mut rest).await;
        (outcome, rest.len())
    }

    fn v2(command: u8, family: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = V2_SIGNATURE.to_vec();
        bytes.extend([command, family]);
        bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    #[tokio::test]
    async fn version_1_names_the_client_and_leaves_the_rest() {
        let (outcome, rest) = check(b"PROXY TCP4 192.0.2.1 192.0.2.2 5000 80\r\nGET /").await;
        assert_eq!((outcome.unwrap(), rest), (Some("192.0.2.1:5000".parse().unwrap()), 5));
        let (outcome, _) = check(b"PROXY TCP6 2001:db8::1 ::1 5000 443\r\n").await;
        assert_eq!(outcome.unwrap(), Some("[2001:db8::1]:5000".parse().unwrap()));
        let (outcome, _) = check(b"PROXY UNKNOWN\r\n").await;
        assert_eq!(outcome.unwrap(), None);
    }

    #[tokio::test]
    async fn version_2_names_the_client_and_leaves_the_rest() {
        let mut bytes = v2(0x21, 0x11, &[192, 0, 2, 1, 192, 0, 2, 2, 0x13, 0x88, 0, 80, 4, 0, 1, 7]);
        bytes.extend(b"rest");
        let (outcome, rest) = check(&bytes).await;
        assert_eq!((outcome.unwrap(), rest), (Some("192.0.2.1:5000".parse().unwrap()), 4));
        assert_eq!(check(&v2(0x20, 0, &[])).await.0.unwrap(), None);
    }

    #[tokio::test]
    async fn anything_else_is_refused() {
        let long = [b"PROXY TCP4 192.0.2.1 ".as_slice(), &[b'1'; 200]].concat();
        let lines: [&[u8]; 9] = [
            b"GET / HTTP/1.1\r\n\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 5000\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 5000 80 9\r\n",
            b"PROXY TCP4 ::1 ::1 5000 80\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 65536 80\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 +5 80\r\n",
            b"PROXY UDP4 192.0.2.1 192.0.2.2 5 80\r\n",
            b"PROXY TCP4  192.0.2.1 192.0.2.2 5 80\r\n",
            &long,
        ];
        for line in lines {
            assert!(check(line).await.0.is_err(), "{}", line.escape_ascii());
        }
        for bytes in
            [v2(0x31, 0x11, &[0; 12]), v2(0x21, 0x11, &[0; 11]), v2(0x21, 0x12, &[0; 12]), v2(0x22, 0x11, &[0; 12])]
        {
            assert!(check(&bytes).await.0.is_err(), "{bytes:?}");
        }
    }
}
