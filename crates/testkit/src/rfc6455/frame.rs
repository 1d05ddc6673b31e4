//! Frames of RFC 6455, section 5.2, as bytes; every field can be set wrong on purpose.

/// A frame's kind, 0..=15.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opcode(pub u8);

impl Opcode {
    /// Goes on with the message before it.
    pub const CONTINUATION: Self = Self(0x0);
    /// A text.
    pub const TEXT: Self = Self(0x1);
    /// Bytes.
    pub const BINARY: Self = Self(0x2);
    /// Ends the connection.
    pub const CLOSE: Self = Self(0x8);
    /// Asks for a pong.
    pub const PING: Self = Self(0x9);
    /// Answers a ping.
    pub const PONG: Self = Self(0xa);

    /// Says whether the frame stands for itself and may come between others.
    #[must_use]
    pub fn is_control(self) -> bool {
        self.0 & 0x8 != 0
    }
}

/// How a length is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LengthForm {
    /// In 7 bits.
    Short,
    /// In 16 bits.
    Word,
    /// In 64 bits.
    Long,
}

impl LengthForm {
    /// Returns the only form that the RFC allows for a length.
    #[must_use]
    pub fn shortest(length: u64) -> Self {
        match length {
            0..=125 => Self::Short,
            126..=0xffff => Self::Word,
            _ => Self::Long,
        }
    }
}

/// One frame of a client, masked and legal unless told otherwise.
#[derive(Debug, Clone)]
pub struct Frame {
    opcode: Opcode,
    last: bool,
    reserved: u8,
    mask: Option<[u8; 4]>,
    form: Option<LengthForm>,
    claimed: Option<u64>,
    payload: Vec<u8>,
}

impl Frame {
    /// Makes the only or last frame of a message.
    #[must_use]
    pub fn new(opcode: Opcode, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            opcode,
            last: true,
            reserved: 0,
            mask: Some(rand::random()),
            form: None,
            claimed: None,
            payload: payload.into(),
        }
    }

    /// Makes a text frame; the bytes need not be UTF-8.
    #[must_use]
    pub fn text(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(Opcode::TEXT, payload)
    }

    /// Makes a frame of bytes.
    #[must_use]
    pub fn binary(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(Opcode::BINARY, payload)
    }

    /// Makes a frame that goes on with a message.
    #[must_use]
    pub fn continuation(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(Opcode::CONTINUATION, payload)
    }

    /// Makes a ping.
    #[must_use]
    pub fn ping(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(Opcode::PING, payload)
    }

    /// Makes a pong.
    #[must_use]
    pub fn pong(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(Opcode::PONG, payload)
    }

    /// Makes a close with a code and a reason; the reason need not be UTF-8.
    #[must_use]
    pub fn close(code: u16, reason: impl AsRef<[u8]>) -> Self {
        let payload = [&code.to_be_bytes()[..], reason.as_ref()].concat();
        Self::new(Opcode::CLOSE, payload)
    }

    /// Cuts a message into fragments of a size.
    ///
    /// # Panics
    /// When the size is 0.
    #[must_use]
    pub fn fragments(opcode: Opcode, message: &[u8], size: usize) -> Vec<Self> {
        let mut frames: Vec<Self> = message
            .chunks(size)
            .map(|part| Self::continuation(part).unfinished())
            .collect();
        if let Some(first) = frames.first_mut() {
            first.opcode = opcode;
        }
        if let Some(last) = frames.last_mut() {
            last.last = true;
        }
        frames
    }

    /// Says that the message goes on after this frame.
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.last = false;
        self
    }

    /// Sets reserved bits: 4 is RSV1, 2 is RSV2, 1 is RSV3.
    #[must_use]
    pub fn reserved(mut self, bits: u8) -> Self {
        self.reserved = bits & 0x7;
        self
    }

    /// Masks with a given key.
    #[must_use]
    pub fn masked_with(mut self, key: [u8; 4]) -> Self {
        self.mask = Some(key);
        self
    }

    /// Leaves the mask out.
    #[must_use]
    pub fn unmasked(mut self) -> Self {
        self.mask = None;
        self
    }

    /// Writes the length in a given form, whether it is the right one or not.
    #[must_use]
    pub fn length_as(mut self, form: LengthForm) -> Self {
        self.form = Some(form);
        self
    }

    /// Claims a length, whatever follows.
    #[must_use]
    pub fn claiming(mut self, length: u64) -> Self {
        self.claimed = Some(length);
        self
    }

    /// Returns the frame's bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let length = self.claimed.unwrap_or(self.payload.len() as u64);
        let form = self.form.unwrap_or_else(|| LengthForm::shortest(length));
        let first = u8::from(self.last) << 7 | self.reserved << 4 | self.opcode.0 & 0xf;
        let masked = u8::from(self.mask.is_some()) << 7;
        let mut bytes = vec![first];
        let [.., c, d] = length.to_be_bytes();
        match form {
            LengthForm::Short => bytes.push(masked | d & 0x7f),
            LengthForm::Word => bytes.extend([masked | 126, c, d]),
            LengthForm::Long => {
                bytes.push(masked | 127);
                bytes.extend(length.to_be_bytes());
            }
        }
        match self.mask {
            None => bytes.extend(&self.payload),
            Some(key) => {
                bytes.extend(key);
                let masked = self.payload.iter().zip(key.iter().cycle());
                bytes.extend(masked.map(|(byte, key)| byte ^ key));
            }
        }
        bytes
    }
}

impl From<Frame> for Vec<u8> {
    fn from(frame: Frame) -> Self {
        frame.bytes()
    }
}

impl From<Vec<Frame>> for Bytes {
    fn from(frames: Vec<Frame>) -> Self {
        Self(frames.iter().flat_map(Frame::bytes).collect())
    }
}

impl From<Frame> for Bytes {
    fn from(frame: Frame) -> Self {
        Self(frame.bytes())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// What is put on the wire: bytes, one frame, or several in a row.
#[derive(Debug, Clone)]
pub struct Bytes(pub Vec<u8>);

#[cfg(test)]
mod tests {
    use super::*;

    // The examples of RFC 6455, section 5.7.
    #[test]
    fn the_examples_of_the_rfc_come_out() {
        let hello = Frame::text("Hello");
        assert_eq!(
            hello.clone().unmasked().bytes(),
            [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]
        );
        assert_eq!(
            hello.masked_with([0x37, 0xfa, 0x21, 0x3d]).bytes(),
            [
                0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58
            ]
        );
        let halves: Vec<Vec<u8>> = Frame::fragments(Opcode::TEXT, b"Hello", 3)
            .into_iter()
            .map(|frame| frame.unmasked().bytes())
            .collect();
        assert_eq!(
            halves,
            [
                vec![0x01, 0x03, 0x48, 0x65, 0x6c],
                vec![0x80, 0x02, 0x6c, 0x6f]
            ]
        );
        let large = Frame::binary(vec![0; 256]).unmasked().bytes();
        assert_eq!(large[..4], [0x82, 0x7e, 0x01, 0x00]);
        let larger = Frame::binary(vec![0; 65_536]).unmasked().bytes();
        assert_eq!(larger[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn a_frame_can_lie() {
        let long = Frame::ping("").unmasked().length_as(LengthForm::Long);
        assert_eq!(long.bytes(), [0x89, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0]);
        let claim = Frame::text("ab").unmasked().claiming(1 << 40).reserved(4);
        assert_eq!(
            claim.bytes(),
            [0xc1, 0x7f, 0, 0, 1, 0, 0, 0, 0, 0, b'a', b'b']
        );
        assert_eq!(
            Frame::close(1002, "x").unmasked().bytes()[2..],
            [3, 0xea, b'x']
        );
    }
}
