use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use s3s::{Body, S3Error, S3Result, StdError, s3_error};

use super::{Fault, Fields};
use crate::form::{FormError, Piece, Reader};

/// A form on its way in: first its fields, then, as a stream, the content of its file.
///
/// The stream ends with the body, not with the file: a form that breaks off must not become an object.
pub(super) struct Form<'a> {
    body: &'a mut Body,
    reader: Reader,
    ended: bool,
    error: Option<FormError>,
}

impl<'a> Form<'a> {
    pub(super) fn new(boundary: &str, body: &'a mut Body) -> Self {
        Self { body, reader: Reader::new(boundary), ended: false, error: None }
    }

    /// Reads the fields before the file, and the file's name.
    pub(super) async fn fields(&mut self) -> S3Result<(Fields, Option<String>)> {
        let mut fields = Fields::default();
        loop {
            match self.reader.next().map_err(refusal)? {
                Some(Piece::Field { name, value }) => {
                    if !fields.add(&name, value) {
                        return Err(s3_error!(
                            InvalidArgument,
                            "The form has more than one field named {:?}. Send it once.",
                            name
                        ));
                    }
                }
                Some(Piece::File { filename }) => return Ok((fields, filename)),
                Some(Piece::Data(_) | Piece::End) => {
                    return Err(refusal(FormError::Malformed("its file has no beginning")));
                }
                None => match self.body.next().await {
                    Some(Ok(bytes)) => self.reader.push(&bytes),
                    Some(Err(_)) => return Err(Fault::IncompleteBody.into()),
                    None => return Err(refusal(FormError::Malformed("it breaks off before its file"))),
                },
            }
        }
    }

    /// Returns the error of an upload that failed: that of the form, if it is the cause.
    pub(super) fn failure(&self, fault: Fault) -> S3Error {
        match (&self.error, fault) {
            (Some(error), Fault::IncompleteBody) => refusal(error.clone()),
            (_, fault) => fault.into(),
        }
    }
}

fn refusal(error: FormError) -> S3Error {
    match error {
        FormError::FieldsTooLarge => s3_error!(
            MaxPostPreDataLengthExceededError,
            "Your POST request fields preceding the upload file were too large: {}",
            error
        ),
        FormError::Malformed(_) => s3_error!(MalformedPOSTRequest, "{}", error),
    }
}

impl Stream for Form<'_> {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match self.reader.next() {
                Ok(Some(Piece::Data(data))) => return Poll::Ready(Some(Ok(data))),
                Ok(Some(Piece::End)) => self.ended = true,
                Ok(Some(Piece::Field { .. } | Piece::File { .. }) | None) => {
                    match ready!(self.body.poll_next_unpin(context)) {
                        Some(Ok(bytes)) => self.reader.push(&bytes),
                        Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                        None if self.ended => return Poll::Ready(None),
                        None => return self.fail(FormError::Malformed("it breaks off within its file")),
                    }
                }
                Err(error) => return self.fail(error),
            }
        }
    }
}

impl Form<'_> {
    fn fail(&mut self, error: FormError) -> Poll<Option<Result<Bytes, StdError>>> {
        self.error = Some(error.clone());
        Poll::Ready(Some(Err(error.into())))
    }
}
